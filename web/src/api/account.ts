/** Who one is: registering, signing in and out. */
import { call } from "./http.ts";
import type { User } from "./types.ts";

const SESSION = "api/v1/auth/session";

/** Signs in for a cookie that no script can read. */
export const signIn = (username: string, password: string) =>
  call<User>(SESSION, { method: "POST", body: { username, password } });

export const signOut = () => call<void>(SESSION, { method: "DELETE" });

export interface Joining {
  username: string;
  email: string;
  password: string;
  invitation?: string;
}

export const register = (joining: Joining) =>
  call<User>("api/v1/auth/register", { method: "POST", body: joining });

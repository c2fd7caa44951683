/** What of a profile is another now. Pure. */
import type { User } from "../api/types.ts";

export interface Changes {
  username?: string;
  email?: string;
}

export function changes(user: User, given: Record<string, string>): Changes {
  const username = (given.username ?? "").trim();
  const email = (given.email ?? "").trim();
  return {
    ...(username !== user.username && { username }),
    ...(email !== (user.email ?? "") && { email }),
  };
}

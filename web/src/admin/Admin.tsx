/** For administrators. */
import type { User } from "../api/types.ts";

export default function Admin({ user }: { user: User }) {
  return <h1>{user.username}</h1>;
}

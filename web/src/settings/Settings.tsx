/** One's account. */
import type { User } from "../api/types.ts";

export default function Settings({ user }: { user: User }) {
  return <h1>{user.username}</h1>;
}

/** One's conversations, and the way to everything else. */
import type { User } from "../api/types.ts";

export function Sidebar(_: { user: User; onSearch: () => void; onClose: () => void }) {
  return null;
}

/** What of a user is another now, as a form says it. Pure. */
import type { ManagedUser, UserChange } from "../api/admin.ts";

/** An empty limit is the setting's again. */
export function edits(user: ManagedUser, given: Record<string, string>): UserChange {
  const role = given.role === "admin" ? "admin" : "user";
  const runs = limit(given.max_runs);
  const tokens = limit(given.daily_tokens);
  return {
    ...(role !== user.role && { role }),
    ...(runs !== user.max_runs && { max_runs: runs }),
    ...(tokens !== user.daily_tokens && { daily_tokens: tokens }),
  };
}

const limit = (text = ""): number | null => (text.trim() === "" ? null : Number(text));

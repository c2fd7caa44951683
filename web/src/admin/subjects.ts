/** Whether a line of the audit is about a user. Pure. */
import type { AuditEntry } from "../api/admin.ts";

const NOBODY = "-";
const ABOUT_USERS = new Set([
  "register",
  "profile",
  "password",
  "password_reset",
  "points_grant",
  "user_add",
  "user_change",
  "user_delete",
]);

/** The user's id; null where it is about something else: a session, a key, a run, an invitation. */
export function subjectUser({ action, subject, outcome }: AuditEntry): string | null {
  if (subject === NOBODY) return null;
  const refused = action === "sign_in" && outcome !== "ok"; // it began no session
  return refused || ABOUT_USERS.has(action) ? subject : null;
}

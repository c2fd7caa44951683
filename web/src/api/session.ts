/** Notices that a session is over: signed out elsewhere, expired, or ended by an administrator. */
import type { QueryClient } from "@tanstack/react-query";
import { Refused } from "#client";
import { session } from "./conversations.ts";

/** Where an error says so, the way in is shown, once the server has confirmed it. */
export function expired(queries: QueryClient, error: unknown): void {
  if (!(error instanceof Refused && error.status === 401)) return;
  const known = queries.getQueryState(session.queryKey);
  if (known?.status === "success") void queries.invalidateQueries({ queryKey: session.queryKey });
}

/** One's own account: profile, password, keys, sessions, files. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";
import type { Page, User } from "./types.ts";

const ME = "api/v1/auth/me";
const KEYS = "api/v1/auth/keys";
const SESSIONS = "api/v1/auth/sessions";

export const changeMe = (profile: { username?: string; email?: string }) =>
  call<User>(ME, { method: "PATCH", body: profile });

export const changePassword = (current: string, next: string) =>
  call<void>("api/v1/auth/password", {
    method: "POST",
    body: { current_password: current, new_password: next },
  });

/** The account goes, with all that is its owner's. */
export const leave = (password: string) => call<void>(ME, { method: "DELETE", body: { password } });

export interface Key {
  id: string;
  name: string;
  /** How it begins. */
  hint: string;
  created_at: string;
  seen_at: string | null;
  expires_at: string | null;
}

export const keys = queryOptions({
  queryKey: ["keys"],
  queryFn: async ({ signal }) => (await call<{ items: Key[] }>(KEYS, { signal })).items,
});

/** The answer alone holds the key itself. Without days it is valid for ever. */
export const makeKey = (name: string, days: number | null) =>
  call<Key & { key: string }>(KEYS, {
    method: "POST",
    body: { name, ...(days !== null && { expires_in_days: days }) },
  });

export const revokeKey = (id: string) =>
  call<void>(`${KEYS}/${encodeURIComponent(id)}`, { method: "DELETE" });

export interface Session {
  id: string;
  kind: "bearer" | "cookie";
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  agent: string;
  /** The one by which this page is known. */
  current: boolean;
}

export const sessions = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => (await call<{ items: Session[] }>(SESSIONS, { signal })).items,
});

export const endSession = (id: string) =>
  call<void>(`${SESSIONS}/${encodeURIComponent(id)}`, { method: "DELETE" });

export interface OwnFile {
  id: string;
  url: string;
  content_type: string;
  size: number;
  sha256: string;
  name: string;
  created_at: string;
}

export const files = infiniteQueryOptions({
  queryKey: ["files"],
  queryFn: ({ pageParam, signal }) =>
    call<Page<OwnFile>>("api/v1/media", { query: { limit: 25, cursor: pageParam }, signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor,
});

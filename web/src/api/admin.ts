/** What administrators see and do. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";
import type { Page } from "./types.ts";

const ADMIN = "api/v1/admin";
const of = (kind: string, id: string) => `${ADMIN}/${kind}/${encodeURIComponent(id)}`;
const PULSE = 2000; // ms between two looks at what goes on

type Cursor = string | null;

export interface ManagedUser {
  id: string;
  username: string;
  email: string | null;
  role: "user" | "admin";
  disabled: boolean;
  created_at: string;
  /** A limit that is null is the setting's. */
  max_runs: number | null;
  daily_tokens: number | null;
}

export type UserChange = Partial<
  Pick<ManagedUser, "disabled" | "role" | "max_runs" | "daily_tokens">
>;

export const users = (q: string) =>
  infiniteQueryOptions({
    queryKey: ["admin", "users", q],
    queryFn: ({ pageParam, signal }) =>
      call<Page<ManagedUser>>(`${ADMIN}/users`, {
        query: { q, limit: 30, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as Cursor,
    getNextPageParam: (last) => last.next_cursor,
  });

/** One user, to call an id by its name. */
export const userOf = (id: string) =>
  queryOptions({
    queryKey: ["admin", "user", id],
    queryFn: ({ signal }) => call<ManagedUser>(of("users", id), { signal }),
    staleTime: 600_000,
    retry: false,
  });

export const changeUser = (id: string, change: UserChange) =>
  call<ManagedUser>(of("users", id), { method: "PATCH", body: change });

export const removeUser = (id: string) => call<void>(of("users", id), { method: "DELETE" });

export const grant = (id: string, amount: number, note: string) =>
  call<{ balance: number }>(`${of("users", id)}/points`, {
    method: "POST",
    body: { amount, note },
  });

export interface LiveRun {
  id: string;
  user_id: string | null;
  user: string;
  dialect: string;
  model: string;
  /** Seconds. */
  duration: number;
  first_token: number | null;
  /** Code points. */
  text_length: number;
  followers: number;
  background: boolean;
}

export const liveRuns = queryOptions({
  queryKey: ["admin", "runs"],
  queryFn: ({ signal }) => call<{ runs: LiveRun[]; total: number }>(`${ADMIN}/runs`, { signal }),
  refetchInterval: PULSE, // not while the page is out of sight
});

export const cancelRun = (id: string) =>
  call<{ state: string }>(`${of("runs", id)}/cancel`, { method: "POST" });

export interface Limits {
  /** By bucket: `30/minute`. */
  rates: Record<string, string>;
  max_runs: number;
  max_runs_per_user: number;
  daily_tokens: number | null;
}

export const limits = queryOptions({
  queryKey: ["admin", "limits"],
  queryFn: ({ signal }) => call<Limits>(`${ADMIN}/limits`, { signal }),
});

export interface Invitation {
  id: string;
  email: string | null;
  created_by: string | null;
  created_at: string;
  expires_at: string;
  used_at: string | null;
  used_by: string | null;
}

export const invitations = queryOptions({
  queryKey: ["admin", "invitations"],
  queryFn: async ({ signal }) =>
    (await call<{ items: Invitation[] }>(`${ADMIN}/invitations`, { signal })).items,
});

/** The answer alone holds the secret. */
export const invite = (email: string, days: number) =>
  call<Invitation & { invitation: string }>(`${ADMIN}/invitations`, {
    method: "POST",
    body: { ...(email && { email }), expires_in_days: days },
  });

export const withdraw = (id: string) => call<void>(of("invitations", id), { method: "DELETE" });

export interface AuditEntry {
  id: string;
  at: string;
  actor: string | null;
  action: string;
  subject: string;
  address: string;
  /** `ok`, or an error's code. */
  outcome: string;
}

export const audit = infiniteQueryOptions({
  queryKey: ["admin", "audit"],
  queryFn: ({ pageParam, signal }) =>
    call<Page<AuditEntry>>(`${ADMIN}/audit`, { query: { limit: 50, cursor: pageParam }, signal }),
  initialPageParam: null as Cursor,
  getNextPageParam: (last) => last.next_cursor,
});

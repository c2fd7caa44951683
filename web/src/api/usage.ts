/** What one has used, and one's points. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";

export interface Taken {
  runs: number;
  input_tokens: number;
  output_tokens: number;
  /** USD. */
  cost: number;
  /** Whose tokens were counted by the server, because the provider gave no figures. */
  estimated_runs: number;
  failed_runs: number;
  points: number;
}

export type Grouping = "day" | "model";

export type UsageItem = Taken & { day?: string; model?: string };

export interface Usage {
  from: string;
  /** Not included. */
  to: string;
  group_by: Grouping;
  /** Days without any are left out. */
  items: UsageItem[];
  total: Taken;
}

/** Days of UTC, as 2026-11-21, both included. */
export interface Span {
  from: string;
  to: string;
}

export const usage = (span: Span, by: Grouping) =>
  queryOptions({
    queryKey: ["usage", span, by],
    queryFn: ({ signal }) =>
      call<Usage>("api/v1/usage", { query: { ...span, group_by: by }, signal }),
    placeholderData: keepPreviousData,
  });

export interface LedgerEntry {
  at: string;
  kind: string;
  /** Below zero for what was paid. */
  amount: number;
  run_id: string | null;
  note: string;
}

export interface Points {
  balance: number;
  /** What runs that go on hold of it. */
  reserved: number;
  entries: LedgerEntry[];
}

export const points = (limit: number) =>
  queryOptions({
    queryKey: ["points", limit],
    queryFn: ({ signal }) => call<Points>("api/v1/points", { query: { limit }, signal }),
  });

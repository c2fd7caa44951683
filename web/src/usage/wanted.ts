/** Which usage is looked at, as the view's address says it: `?days=7&by=model`. Pure. */
import type { Grouping, Span } from "../api/usage.ts";
import { before } from "./axis.ts";

export const LENGTHS = ["7", "30", "90"] as const;
export type Length = (typeof LENGTHS)[number] | "own";

export interface Wanted {
  length: Length;
  span: Span;
  by: Grouping;
}

const DAY = /^\d{4}-\d\d-\d\d$/;

/** `today` is a day of UTC. */
export function wantedOf(params: URLSearchParams, today: string): Wanted {
  const by = params.get("by") === "model" ? "model" : "day";
  const from = params.get("from") ?? "";
  const to = params.get("to") ?? "";
  if (DAY.test(from) && DAY.test(to)) return { length: "own", span: { from, to }, by };
  const length = LENGTHS.find((one) => one === params.get("days")) ?? "30";
  return { length, span: { from: before(today, Number(length) - 1), to: today }, by };
}

/** The address's parameters; what is so anyway is left out. */
export function paramsOf({ length, span, by }: Wanted): URLSearchParams {
  const params = new URLSearchParams(by === "model" ? { by } : {});
  if (length === "own") {
    params.set("from", span.from);
    params.set("to", span.to);
  } else if (length !== "30") params.set("days", length);
  return params;
}

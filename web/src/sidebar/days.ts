/** Conversations by the day of their last change, as a person counts days. Pure. */
import type { Conversation } from "../api/types.ts";

export interface Day {
  kind: "today" | "yesterday" | "week" | "month30" | "month";
  /** A moment of it. */
  at: Date;
}

export interface Group {
  day: Day;
  items: Conversation[];
}

const DAYS: [number, Day["kind"]][] = [
  [0, "today"],
  [1, "yesterday"],
  [7, "week"],
  [30, "month30"],
];

/** Groups what comes the newest first; `now` tells which day is today, where the reader is. */
export function byDay(all: readonly Conversation[], now: Date): Group[] {
  const groups: Group[] = [];
  for (const one of all) {
    const day = dayOf(new Date(one.updated_at), now);
    const last = groups.at(-1);
    if (last && same(last.day, day)) last.items.push(one);
    else groups.push({ day, items: [one] });
  }
  return groups;
}

function dayOf(at: Date, now: Date): Day {
  const ago = Math.round((midnight(now) - midnight(at)) / 86_400_000); // a day may have 23 hours
  const kind = DAYS.find(([most]) => ago <= most)?.[1] ?? "month";
  return { kind, at };
}

const midnight = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

const same = (a: Day, b: Day) =>
  a.kind === b.kind &&
  (a.kind !== "month" ||
    (a.at.getMonth() === b.at.getMonth() && a.at.getFullYear() === b.at.getFullYear()));

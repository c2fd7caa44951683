/** Which charts there are, and what their bars say. Pure. */
import type { Taken, Usage, UsageItem } from "../api/usage.ts";
import { money, number } from "../texts/format.ts";
import type { Language } from "../texts/texts.ts";
import { bundled, days } from "./axis.ts";
import type { Words } from "./texts.ts";

export type Tone = "first" | "second" | "bad";

export interface Series {
  name: string;
  tone: Tone;
  of: (taken: Taken) => number;
}

export interface Chart {
  key: "tokens" | "runs" | "cost" | "points";
  title: string;
  /** Stacked from the first one up. */
  series: Series[];
  /** There are no halves of it. */
  whole: boolean;
  write: (value: number) => string;
  /** Short, for an axis. */
  mark: (value: number) => string;
}

export interface Group {
  key: string;
  /** What it is called in full. */
  name: string;
  /** The same, where there is little room. */
  short: string;
  taken: Taken;
}

export const NOTHING: Taken = {
  runs: 0,
  input_tokens: 0,
  output_tokens: 0,
  cost: 0,
  estimated_runs: 0,
  failed_runs: 0,
  points: 0,
};

export function charts(words: Words, language: Language, withPoints: boolean): Chart[] {
  const write = (value: number) => number(value, language);
  const short = new Intl.NumberFormat(language, { notation: "compact" });
  const counted = { whole: true, write, mark: (value: number) => short.format(value) };
  const dollars = (value: number) => money(value, language);
  const all: Chart[] = [
    {
      key: "tokens",
      title: words.tokens,
      series: [
        { name: words.input, tone: "first", of: (taken) => taken.input_tokens },
        { name: words.output, tone: "second", of: (taken) => taken.output_tokens },
      ],
      ...counted,
    },
    {
      key: "runs",
      title: words.runs,
      series: [
        { name: words.done, tone: "first", of: (taken) => taken.runs - taken.failed_runs },
        { name: words.failed, tone: "bad", of: (taken) => taken.failed_runs },
      ],
      ...counted,
    },
    {
      key: "cost",
      title: words.cost,
      series: [{ name: words.cost, tone: "first", of: (taken) => taken.cost }],
      whole: false,
      write: dollars,
      mark: dollars,
    },
    {
      key: "points",
      title: words.points,
      series: [{ name: words.points, tone: "first", of: (taken) => taken.points }],
      ...counted,
    },
  ];
  return all.filter((chart) => withPoints || chart.key !== "points");
}

export function sum(all: readonly Taken[]): Taken {
  const total = { ...NOTHING };
  for (const taken of all) {
    for (const key of Object.keys(total) as (keyof Taken)[]) total[key] += taken[key];
  }
  return total;
}

/** All days of the report, those without usage too. */
export function byDay(report: Usage, language: Language): Group[] {
  const found = new Map(report.items.map((item) => [item.day, item]));
  const long = format(language, { dateStyle: "medium" });
  const short = format(language, { day: "numeric", month: "short" });
  return days(report.from, report.to).map((day) => {
    const at = new Date(`${day}T00:00:00Z`);
    return {
      key: day,
      name: long.format(at),
      short: short.format(at),
      taken: found.get(day) ?? NOTHING,
    };
  });
}

/** The same as bars, of weeks where there are more days than room. */
export function barsOf(groups: readonly Group[], room: number): Group[] {
  return bundled(groups, room).map((bundle) => {
    const [first, last] = [bundle[0], bundle.at(-1)] as [Group, Group];
    if (first === last) return first;
    return {
      key: first.key,
      name: `${first.short} – ${last.name}`,
      short: first.short,
      taken: sum(bundle.map((group) => group.taken)),
    };
  });
}

export const byModel = (report: Usage): Group[] => report.items.map(modelGroup);

function modelGroup(item: UsageItem): Group {
  const name = item.model || "–";
  return { key: name, name, short: name, taken: item };
}

/** Those of which there is most, and the rest as one. */
export function foremost(
  groups: readonly Group[],
  most: number,
  value: (taken: Taken) => number,
  others: (count: number) => string,
): Group[] {
  const ranked = [...groups].sort((one, other) => value(other.taken) - value(one.taken));
  if (ranked.length <= most) return ranked;
  const rest = ranked.slice(most - 1);
  const name = others(rest.length);
  const taken = sum(rest.map((group) => group.taken));
  return [...ranked.slice(0, most - 1), { key: "", name, short: name, taken }];
}

const format = (language: Language, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" });

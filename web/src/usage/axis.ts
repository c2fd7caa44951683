/** Round numbers for an axis, days without a gap, and bars that are wide enough to be seen. Pure. */

const STEPS = [1, 2, 5, 10];
const LINES = 4; // at most, above zero
const DAY = 86_400_000; // ms
const WEEK = 7;

/** Marks from zero to a round number that is not below `most`; of whole things never a half. */
export function marks(most: number, whole: boolean): number[] {
  const wanted = most > 0 ? most / LINES : 1 / LINES;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const round = (STEPS.find((step) => step * power >= wanted * (1 - 1e-9)) ?? 10) * power;
  const step = whole ? Math.max(1, round) : round;
  const count = Math.max(1, Math.ceil(most / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** All days of UTC from one moment up to another, which is not included: `2026-11-21`. */
export function days(from: string, to: string): string[] {
  const first = Date.parse(`${from.slice(0, 10)}T00:00:00Z`);
  const count = Math.max(0, Math.ceil((Date.parse(to) - first) / DAY));
  return Array.from({ length: count }, (_, at) => isoDay(new Date(first + at * DAY)));
}

export const isoDay = (at: Date): string => at.toISOString().slice(0, 10);

/** The day that lies so many days before another. */
export const before = (day: string, count: number): string =>
  isoDay(new Date(Date.parse(`${day}T00:00:00Z`) - count * DAY));

/** Neighbours together, a week at a time, where there are more than there is room for. */
export function bundled<T>(items: readonly T[], room: number): T[][] {
  const size = items.length > room ? WEEK : 1;
  const bundles: T[][] = [];
  for (let at = 0; at < items.length; at += size) bundles.push(items.slice(at, at + size));
  return bundles;
}

/** Which of so many places have their label shown, where each label takes so much of the width. */
export function labelled(count: number, width: number, label: number): number[] {
  if (count === 0) return [];
  const most = Math.max(1, Math.floor(width / label));
  const every = Math.ceil(count / most);
  return Array.from({ length: Math.ceil(count / every) }, (_, at) => at * every);
}

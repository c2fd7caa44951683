/** When things arrived, in figures. Pure; all times are milliseconds since the request was sent. */

/** What one read of the network brought. */
export interface Read {
  at: number;
  bytes: number;
  /** Events that were complete with it. */
  events: number;
  /** Those of them that brought a piece of the reply. */
  tokens: number;
  /** For how long before it the page itself was too busy to listen. */
  busy: number;
}

/** Reads that are one moment to a person, and to a network. */
export interface Moment extends Read {
  /** How long nothing had arrived before, as far as the page was listening. */
  silence: number;
  /** The same, whether or not it was listening. */
  gap: number;
  reads: number;
}

/** A silence that is long, or long for this stream. */
export interface Gap {
  from: number;
  length: number;
}

export interface Figures {
  firstByte: number | null;
  firstToken: number | null;
  median: number | null;
  p95: number | null;
  longest: number | null;
  /** Over the time in which they arrived. */
  perSecond: number | null;
  reads: number;
  events: number;
  perRead: number | null;
}

const TOGETHER = 2; // ms between reads of one moment
const LONG = 250; // ms of silence that anybody notices
const TIMES = 5; // the median: long for this stream
const NOTICED = 100; // ms that a gap has at least: less may be the page's own
export const BURST = 5; // tokens in one moment that did not come one by one
const HELD = 100; // ms of silence before a burst; the server itself pauses for 20 ms

export function moments(reads: readonly Read[]): Moment[] {
  const found: Moment[] = [];
  let end = 0;
  for (const read of reads) {
    const last = found.at(-1);
    if (last && read.at - end <= TOGETHER) {
      last.bytes += read.bytes;
      last.events += read.events;
      last.tokens += read.tokens;
      last.reads += 1;
    } else {
      const gap = read.at - end;
      found.push({ ...read, gap, silence: Math.max(0, gap - read.busy), reads: 1 });
    }
    end = read.at;
  }
  return found;
}

/** The silences between moments that are worth a mark. The wait for the first byte is none. */
export function gaps(all: readonly Moment[]): Gap[] {
  const later = all.slice(1);
  const usual = quantile(
    later.map((one) => one.silence),
    0.5,
  );
  const long = Math.min(LONG, Math.max(NOTICED, TIMES * (usual ?? LONG)));
  return later
    .filter((one) => one.silence > long)
    .map((one) => ({ from: one.at - one.gap, length: one.gap }));
}

/** Many tokens at once behind a silence in which they could have come one by one. */
export const isBurst = (one: Moment): boolean => one.tokens >= BURST && one.silence >= HELD;

export function figures(reads: readonly Read[]): Figures {
  const between = reads.slice(1).map((read, index) => read.at - (reads[index]?.at ?? 0));
  const events = reads.reduce((sum, read) => sum + read.events, 0);
  const first = reads[0];
  const span = (reads.at(-1)?.at ?? 0) - (first?.at ?? 0);
  return {
    firstByte: first?.at ?? null,
    firstToken: reads.find((read) => read.tokens > 0)?.at ?? null,
    median: quantile(between, 0.5),
    p95: quantile(between, 0.95),
    longest: quantile(between, 1),
    perSecond: span > 0 && events > 1 ? (events * 1000) / span : null,
    reads: reads.length,
    events,
    perRead: reads.length ? events / reads.length : null,
  };
}

/** By the nearest rank; null of nothing. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

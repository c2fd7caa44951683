/** Where on a time line things stand. Pure; places are percent of its width. */
import { gaps, isBurst, type Moment, moments, type Read } from "./moments.ts";

export interface Drawing {
  /** Milliseconds that it spans. */
  span: number;
  /** A tick for each read, higher for more events, in a square of a thousand by a hundred. */
  ticks: string;
  silences: { from: number; width: number; length: number }[];
  bursts: { at: number; tokens: number }[];
  firstToken: number | null;
  scale: { at: number; ms: number }[];
}

/** Silences and bursts in order, for who reads rather than sees them. */
export interface Told {
  what: "gap" | "burst";
  at: number;
  /** Milliseconds of a gap, tokens of a burst. */
  size: number;
}

const ROOM = 1.03; // of the last arrival, so that it is not at the very edge
const STEPS = 5; // of the scale, at most
const DRAWN = 60; // silences, the longest

export function draw(reads: readonly Read[]): Drawing {
  const all = moments(reads);
  const span = Math.max(1, (reads.at(-1)?.at ?? 0) * ROOM);
  const place = (ms: number) => (100 * ms) / span;
  const first = reads.find((read) => read.tokens > 0);
  return {
    span,
    ticks: reads.map((read) => tick(read, span)).join(""),
    silences: longest(all).map(({ from, length }) => ({
      from: place(from),
      width: place(length),
      length,
    })),
    bursts: all.filter(isBurst).map(({ at, tokens }) => ({ at: place(at), tokens })),
    firstToken: first ? place(first.at) : null,
    scale: scale(span).map((ms) => ({ at: place(ms), ms })),
  };
}

export function told(reads: readonly Read[]): Told[] {
  const all = moments(reads);
  const silent = gaps(all).map(({ from, length }) => ({
    what: "gap" as const,
    at: from,
    size: length,
  }));
  const bursts = all.filter(isBurst).map(({ at, tokens }) => ({
    what: "burst" as const,
    at,
    size: tokens,
  }));
  return [...silent, ...bursts].sort((one, other) => one.at - other.at);
}

function tick({ at, events }: Read, span: number): string {
  const height = Math.min(100, 28 + 14 * Math.log2(1 + events));
  return `M${((1000 * at) / span).toFixed(2)} 100V${(100 - height).toFixed(1)}`;
}

const longest = (all: readonly Moment[]) =>
  gaps(all)
    .sort((one, other) => other.length - one.length)
    .slice(0, DRAWN);

/** Round times, from nought on. */
function scale(span: number): number[] {
  const rough = span / STEPS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step);
}

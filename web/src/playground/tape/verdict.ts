/** Whether a stream streams, judged by when its pieces arrived. Pure; times are milliseconds. */
import { BURST, gaps, isBurst, type Moment, moments, quantile, type Read } from "./moments.ts";

/** What the server itself has noted of the run, from when it began there. */
export interface Noted {
  firstToken: number | null;
  duration: number;
}

export interface Evidence {
  reads: readonly Read[];
  /** The way is one on which pieces are to be expected. */
  streams: boolean;
  noted: Noted | null;
}

export type Kind =
  /** Too little has arrived to say anything. */
  | "few"
  /** One answer, as this way has it. */
  | "whole"
  /** Something holds tokens back, and lets many go at once. */
  | "buffered"
  /** Everything in one moment, held back or not: nobody can tell. */
  | "atOnce"
  /** Everything in one moment, because it was written in one. */
  | "quick"
  /** A few at a time, without silences between. */
  | "groups"
  | "steady";

export interface Verdict {
  kind: Kind;
  tokens: number;
  reads: number;
  /** The moment that speaks loudest: the one that brought most. */
  most: Moment | null;
  bursts: number;
  /** Tokens of a usual moment. */
  usual: number;
  /** The longest silence that is worth a word. */
  pause: number | null;
  /** How long the page itself did not listen, in all. */
  busy: number;
  /** How much later than at the server the first token was here. */
  late: number | null;
}

const MOST = 0.9; // of all tokens in one moment: all at once
const SILENT = 250; // ms in which tokens would have been noticed
const LOUD = 2 * BURST; // tokens in one moment that speak for themselves
const GROUP = 2; // tokens of a usual moment that are not one by one

export function judge({ reads, streams, noted }: Evidence): Verdict {
  const all = moments(reads);
  const speaking = all.filter((one) => one.tokens > 0);
  const tokens = sum(speaking);
  const most = speaking.reduce<Moment | null>(
    (best, one) => (best && best.tokens >= one.tokens ? best : one),
    null,
  );
  const pauses = gaps(all).map((gap) => gap.length);
  const first = speaking[0];
  return {
    kind: streams ? kindOf(speaking, tokens, most, noted) : reads.length ? "whole" : "few",
    tokens,
    reads: reads.length,
    most,
    bursts: speaking.filter(isBurst).length,
    usual: usualOf(speaking),
    busy: reads.reduce((total, read) => total + read.busy, 0),
    pause: pauses.length ? Math.max(...pauses) : null,
    late: first && noted?.firstToken != null ? first.at - noted.firstToken : null,
  };
}

function kindOf(
  speaking: readonly Moment[],
  tokens: number,
  most: Moment | null,
  noted: Noted | null,
): Kind {
  if (!most || tokens < BURST) return "few";
  if (most.tokens >= MOST * tokens) return together(most, noted);
  const bursts = speaking.filter(isBurst);
  // The first may follow a silence of the model's own, and hold what it then said at once.
  const loud = bursts.some(
    (one) => one !== speaking[0] && one.tokens >= LOUD && one.silence >= SILENT,
  );
  if (loud || sum(bursts) >= tokens / 2) return "buffered";
  return usualOf(speaking) >= GROUP ? "groups" : "steady";
}

/** Tokens of a usual moment; those that the page has gathered itself are left out, if it can. */
function usualOf(speaking: readonly Moment[]): number {
  const heard = speaking.filter((one) => one.busy === 0);
  const asked = heard.length < BURST ? speaking : heard;
  return (
    quantile(
      asked.map((one) => one.tokens),
      0.5,
    ) ?? 0
  );
}

/** All in one moment: held back where the server took its time over them, or had them earlier. */
function together(most: Moment, noted: Noted | null): Kind {
  if (!noted) return most.silence >= SILENT ? "atOnce" : "quick";
  const writing = noted.duration - (noted.firstToken ?? noted.duration) - most.busy;
  const late = most.at - (noted.firstToken ?? most.at) - most.busy;
  return writing >= SILENT || late >= SILENT ? "buffered" : "quick";
}

const sum = (all: readonly Moment[]): number => all.reduce((total, one) => total + one.tokens, 0);

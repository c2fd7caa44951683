/** What became of one request: all that arrived, and when. Knows no transport. */
import { meaning } from "./meaning.ts";
import type { Read } from "./moments.ts";
import type { Noted } from "./verdict.ts";

/** One event, as it was on the wire. Times are milliseconds since the request was sent. */
export interface Row {
  at: number;
  /** Since the row before it. */
  gap: number;
  bytes: number;
  text: string;
}

/** `refused` before it began; `failed` in the stream; `cut` without an end. */
export type Outcome = "ended" | "stopped" | "refused" | "failed" | "cut" | "unreachable";

export interface Answered {
  status: string;
  headers: [string, string][];
}

const MOST = 20_000; // rows that are kept; further ones are counted
const RHYTHM = 150; // ms between looks
const encoder = new TextEncoder();

export const bytesOf = (text: string): number => encoder.encode(text).length;

export class Tape {
  readonly rows: Row[] = [];
  readonly reads: Read[] = [];
  readonly streams: boolean;
  dropped = 0;
  answered: Answered | null = null;
  outcome: Outcome | null = null;
  problem: string | null = null;
  run: string | null = null;
  noted: Noted | null = null;
  /** Somebody has asked to stop it. */
  stopping = false;
  /** It has said its end. */
  over = false;
  readonly #began: number;
  readonly #now: () => number;
  readonly #busy: () => number;
  readonly #heard = new Set<() => void>();
  #waiting = false;

  /** `busy` says for how long, since it was last asked, nobody could listen. */
  constructor(streams: boolean, now = () => performance.now(), busy = () => 0) {
    this.streams = streams;
    this.#now = now;
    this.#busy = busy;
    this.#began = now();
  }

  /** Milliseconds since the request was sent. */
  now(): number {
    return this.#now() - this.#began;
  }

  open(answered: Answered, run?: string | null): void {
    this.answered = answered;
    this.run = run ?? this.run;
    this.#tell();
  }

  /** One read of the network, at this time: so many bytes, and the events complete with it. */
  take(texts: readonly string[], bytes = bytesOf(texts.join("")), at = this.now()): void {
    const meant = texts.map(meaning);
    const tokens = meant.filter((one) => one.token).length;
    this.reads.push({ at, bytes, events: texts.length, tokens, busy: this.#busy() });
    for (const text of texts) this.#keep(text, at);
    for (const { last, problem, run } of meant) {
      this.over ||= last || problem !== null;
      this.problem ??= problem;
      this.run ??= run;
    }
    this.#tell();
  }

  /** It is over. The first word about how counts. */
  close(outcome: Outcome, problem?: string): void {
    if (this.outcome) return;
    this.problem ??= problem ?? null;
    this.outcome = outcome;
    this.#tell();
  }

  /** It is over as its own words, and the reader's wish, have it. */
  finish(): void {
    if (this.stopping) this.close("stopped");
    else if (this.problem !== null) this.close("failed");
    else this.close(this.over ? "ended" : "cut");
  }

  note(noted: Noted): void {
    this.noted = noted;
    this.#tell();
  }

  /** Heard of a few times a second at most, however fast things arrive. */
  readonly subscribe = (hear: () => void): (() => void) => {
    this.#heard.add(hear);
    return () => this.#heard.delete(hear);
  };

  #keep(text: string, at: number): void {
    if (this.rows.length >= MOST) {
      this.dropped += 1;
      return;
    }
    this.rows.push({ at, gap: at - (this.rows.at(-1)?.at ?? 0), bytes: bytesOf(text), text });
  }

  #tell(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    setTimeout(() => {
      this.#waiting = false;
      for (const hear of this.#heard) hear();
    }, RHYTHM);
  }
}

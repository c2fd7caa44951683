/**
 * The replies that are being written, in this tab: begun here, in another tab, or before a reload.
 *
 * A run is read from the server by one tab, which tells the others what it hears. When that tab
 * goes, another takes over from the event it has heard last. All of it ends with the run: between
 * runs no tab holds a connection.
 */
import { type Arrival, type ConversationEvent, cancel, Lost, Refused, stream } from "#client";
import { MARK } from "../api/http.ts";
import { at, BASE } from "../base.ts";
import { Holders } from "./holders.ts";
import { type Frames, Reply } from "./reply.ts";
import type { Channel, Word } from "./words.ts";

/** A request whose answer is a stream: a message, a reply anew, a question in other words. */
export interface Asking {
  method: "POST" | "PATCH";
  path: string;
  body: Record<string, unknown>;
  signal: AbortSignal;
}

type Events = AsyncGenerator<Arrival<ConversationEvent>, void>;

const FRAME = 16; // ms; what arrives in a frame is read at once
const ANSWER = 150; // ms in which a tab that reads a run answers
const QUIET = 4_000; // ms without a word after which it is asked whether it is still there
const AGAIN = 4_000; // ms between two words of a tab that holds on
const SIP = 400; // ms for which a tab reads that may not hold on; timers of hidden tabs are slow
const BETWEEN = 1_000; // ms between its sips
const KEPT = 20; // replies that have ended, for tabs that ask late
const ENOUGH = Symbol("a sip, or another tab's turn");

export class Lives {
  readonly #channel: Channel;
  readonly #holders: Holders;
  readonly #seen: () => boolean;
  readonly #frames: Frames;
  readonly #lost: (problem: unknown) => void;
  readonly #changed: (conversation: string | null) => void;
  readonly #replies = new Map<string, Reply>();
  readonly #lines = new Map<string, AbortController>(); // what this tab reads, by run
  readonly #asked = new Set<string>(); // those of them that another tab listens to
  readonly #waiting = new Map<string, (word: Word) => void>(); // who listens to other tabs, by run
  readonly #heard = new Set<() => void>();
  readonly #gone = new AbortController();
  readonly #deaf: () => void;

  /**
   * `seen` tells whether this tab is looked at.
   * `changed` hears of conversations that are to be looked at anew; null: the list of them.
   * `lost` hears why a run could not be read to its end.
   */
  constructor(
    channel: Channel,
    frames: Frames,
    seen: () => boolean,
    changed: (conversation: string | null) => void,
    lost: (problem: unknown) => void,
  ) {
    this.#lost = lost;
    this.#channel = channel;
    this.#frames = frames;
    this.#seen = seen;
    this.#changed = changed;
    this.#holders = new Holders(channel.tab, seen, Date.now);
    this.#deaf = channel.listen(this.#hear);
  }

  /** Tells the other tabs that this one is looked at now, or no longer. */
  turn(): void {
    for (const run of this.#lines.keys()) this.#hold(run);
  }

  /** Leaves everything to the other tabs. */
  close(): void {
    for (const run of this.#lines.keys()) this.#say({ kind: "left", run });
    this.#gone.abort();
    this.#deaf();
    this.#channel.close();
  }

  /** Hears when there is another reply. */
  subscribe = (hear: () => void): (() => void) => {
    this.#heard.add(hear);
    return () => this.#heard.delete(hear);
  };

  get(run: string | null): Reply | undefined {
    return run === null ? undefined : this.#replies.get(run);
  }

  /** Asks; resolves once the run has begun. Throws `Refused`, `Lost`, and the signal's reason. */
  async begin(asking: Asking): Promise<Reply> {
    const line = new AbortController();
    let run = "";
    const abandon = () => {
      line.abort(asking.signal.reason);
      if (run) void cancel(run, { server: BASE, headers: MARK }).catch(() => {});
    };
    asking.signal.addEventListener("abort", abandon);
    const events: Events = stream<ConversationEvent>(at(asking.path), {
      method: asking.method,
      body: { ...asking.body, background: true },
      headers: MARK,
      signal: line.signal,
      patience: Number.POSITIVE_INFINITY,
      pace: FRAME,
      onRun: (id) => {
        run = id;
      },
      onState: (state) => this.get(run)?.stands(state),
    });
    try {
      const first = await events.next();
      if (first.done || first.value.data.type !== "start") throw new Lost("The run did not begin.");
      const { run_id, conversation_id } = first.value.data;
      const reply = this.#add(run_id, conversation_id ?? "");
      reply.hear(first.value);
      this.tell(reply.conversation);
      void this.#follow(reply, { events, line });
      return reply;
    } finally {
      asking.signal.removeEventListener("abort", abandon);
    }
  }

  /** The reply of a run that goes on, whoever began it. */
  follow(run: string, conversation: string): Reply {
    const known = this.#replies.get(run);
    if (known) return known;
    const reply = this.#add(run, conversation);
    void this.#follow(reply);
    return reply;
  }

  /** Stops a run at once, for everybody. Throws `Refused`, or `TypeError`. */
  async stop(run: string): Promise<void> {
    await cancel(run, { server: BASE, headers: MARK });
  }

  /** Tells this tab and the others that a conversation, or the list of them, has changed. */
  tell(conversation: string | null): void {
    this.#changed(conversation);
    this.#say({ kind: "changed", conversation });
  }

  #add(run: string, conversation: string): Reply {
    const reply = new Reply(run, conversation, this.#frames);
    const ended = [...this.#replies.values()].filter((one) => one.ended);
    for (const old of ended.slice(0, -KEPT)) this.#replies.delete(old.run);
    this.#replies.set(run, reply);
    for (const hear of this.#heard) hear();
    return reply;
  }

  async #follow(reply: Reply, own?: { events: Events; line: AbortController }): Promise<void> {
    let mine = own;
    while (!reply.ended && !this.#gone.signal.aborted) {
      if (!mine && (await this.#listen(reply))) continue;
      if (!mine && !this.#holders.keeps()) await pause(BETWEEN * (0.5 + Math.random()));
      const line = mine?.line ?? new AbortController();
      await this.#read(reply, mine?.events ?? this.#resume(reply, line), line);
      mine = undefined;
    }
    if (reply.ended) this.#changed(reply.conversation);
  }

  #resume(reply: Reply, line: AbortController): Events {
    return stream<ConversationEvent>(at(`api/v1/runs/${encodeURIComponent(reply.run)}/events`), {
      headers: MARK,
      signal: line.signal,
      patience: Number.POSITIVE_INFINITY,
      pace: FRAME,
      ...(reply.seq && { lastEventId: `${reply.run}:${reply.seq}` }),
      onState: (state) => reply.stands(state),
    });
  }

  /** Reads a run from the server: to its end, or until it is enough for this tab. */
  async #read(reply: Reply, events: Events, line: AbortController): Promise<void> {
    const { run } = reply;
    const leave = () => line.abort(ENOUGH);
    this.#gone.signal.addEventListener("abort", leave);
    this.#lines.set(run, line);
    this.#hold(run);
    const again = setInterval(() => this.#hold(run), AGAIN);
    let sip: ReturnType<typeof setInterval> | undefined;
    let enough = 0;
    const sipped = () => {
      if (performance.now() >= enough && !this.#holders.keeps()) leave();
    };
    try {
      for await (const event of events) {
        // From the first word on: until then the request may be waiting for a connection.
        enough ||= performance.now() + SIP;
        sip ??= setInterval(sipped, SIP);
        sipped();
        reply.hear(event);
        if (this.#asked.has(run)) this.#say({ kind: "event", run, event });
      }
      if (!reply.ended) this.#vanish(reply); // its end was heard before, and is not told again
    } catch (problem) {
      if (problem !== ENOUGH) this.#fail(reply, problem);
    } finally {
      clearInterval(again);
      clearInterval(sip);
      this.#gone.signal.removeEventListener("abort", leave);
      this.#lines.delete(run);
      this.#asked.delete(run);
      this.#say({ kind: "left", run });
    }
  }

  #fail(reply: Reply, problem: unknown): void {
    if (problem instanceof Refused && problem.status === 410) {
      this.#vanish(reply);
      return;
    }
    this.#lost(problem);
    const code = problem instanceof Refused ? problem.code : "connection";
    reply.fail(code, problem instanceof Error ? problem.message : "");
  }

  /** A run that is no longer told: what was kept of it stands among the messages. */
  #vanish(reply: Reply): void {
    this.#replies.delete(reply.run);
    reply.fail("run_expired", "");
  }

  /**
   * Hears a run from another tab. Returns true when there is nothing more to do for now, false
   * where no tab reads it.
   */
  async #listen(reply: Reply): Promise<boolean> {
    for (;;) {
      this.#say({ kind: "ask", run: reply.run });
      if (!(await this.#word(reply.run, ANSWER * (1 + Math.random())))) return false;
      while (await this.#word(reply.run, QUIET)) if (reply.ended) return true;
      if (reply.ended || this.#gone.signal.aborted) return true;
    }
  }

  /** Waits for another tab's next word of a run: false after `patience` ms, or when it leaves. */
  #word(run: string, patience: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (heard: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(run);
        resolve(heard);
      };
      const timer = setTimeout(() => finish(false), patience);
      this.#waiting.set(run, (word) => finish(word.kind !== "left"));
    });
  }

  #hear = (word: Word): void => {
    if (word.kind === "changed") {
      this.#changed(word.conversation);
      return;
    }
    const { run, tab } = word;
    switch (word.kind) {
      case "ask":
        this.#answer(run);
        return; // it is no word of who reads the run
      case "state":
        this.#replies.get(run)?.adopt(word.snapshot);
        break;
      case "event":
        this.#replies.get(run)?.hear(word.event);
        break;
      case "hold":
        this.#holders.hold(tab, run, word.seen);
        if (this.#lines.has(run)) this.#meet(word);
        else if (this.#waiting.has(run)) this.#say({ kind: "ask", run }); // it may be a new one
        break;
      case "left":
        this.#holders.left(tab, run);
    }
    this.#waiting.get(run)?.(word);
  };

  #answer(run: string): void {
    const reply = this.#replies.get(run);
    if (!reply || !(this.#lines.has(run) || reply.ended)) return;
    this.#asked.add(run);
    const { conversation } = reply;
    this.#say({ kind: "state", run, conversation, snapshot: reply.snapshot() });
  }

  /** Two tabs have begun to read the same run: one of them lets go, and listens to the other. */
  #meet({ tab, run, seen }: Hold): void {
    if (this.#holders.yields(tab, seen)) this.#lines.get(run)?.abort(ENOUGH);
    else this.#hold(run);
  }

  #hold(run: string): void {
    this.#say({ kind: "hold", run, seen: this.#seen() });
  }

  #say(word: Bare): void {
    if (!this.#gone.signal.aborted) this.#channel.say({ ...word, tab: this.#channel.tab } as Word);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

type Hold = Extract<Word, { kind: "hold" }>;
type Bare = Word extends infer W ? (W extends Word ? Omit<W, "tab"> : never) : never;

/**
 * One reply while it is being written: what has arrived of it, and how much of that is shown.
 *
 * Text arrives in jerks, as networks bring it, and is shown a little in each frame. Knows no
 * connection: whoever reads a stream tells it each event.
 */
import type { Arrival, ConversationEvent, State } from "#client";

/** What a reply looks like now. Replaced whenever something of it changes, once a frame at most. */
export interface View {
  run: string;
  conversation: string;
  model: string;
  /** What is shown of the text. */
  text: string;
  /** All that has arrived is shown, and no more will come. */
  over: boolean;
  /** How the connection stands. */
  line: State;
  failure: { code: string; text: string } | null;
}

/** All that another tab needs to go on from here. */
export interface Snapshot {
  model: string;
  text: string;
  seq: number;
  ended: boolean;
  failure: View["failure"];
}

const LAG = 6; // frames in which a jerk of text is shown
const FAR = 400; // characters: who is further behind is catching up, and need not watch it
const NEAR = 60; // characters that are left to be shown smoothly then
const SURROGATE = /[\uD800-\uDBFF]$/;

export class Reply {
  readonly run: string;
  readonly conversation: string;
  #model = "";
  #text = "";
  #shown = 0;
  #seq = 0;
  #ended = false;
  #failure: View["failure"] = null;
  #line: State = "connecting";
  #view: View;
  readonly #heard = new Set<() => void>();
  readonly #frames: Frames;

  constructor(run: string, conversation: string, frames: Frames) {
    this.run = run;
    this.conversation = conversation;
    this.#frames = frames;
    this.#view = this.#look();
  }

  /** The number of the last event that was heard. */
  get seq(): number {
    return this.#seq;
  }

  /** Whether the run has said its end. */
  get ended(): boolean {
    return this.#ended;
  }

  get view(): View {
    return this.#view;
  }

  subscribe = (hear: () => void): (() => void) => {
    this.#heard.add(hear);
    return () => this.#heard.delete(hear);
  };

  /** Takes the next event; one that was heard already changes nothing. */
  hear({ seq, data }: Arrival<ConversationEvent>): void {
    if (seq <= this.#seq || this.#ended) return;
    this.#seq = seq;
    switch (data.type) {
      case "start":
        this.#model = data.model;
        break;
      case "chunk":
        this.#text += data.content;
        break;
      case "end":
        this.#model = data.model;
        this.#ended = true;
        break;
      case "error":
        this.#failure = { code: data.code, text: data.error };
        this.#ended = true;
    }
    this.#frames.ask(this);
  }

  /** Goes on from where another tab is, if that is further. */
  adopt(other: Snapshot): void {
    if (other.seq <= this.#seq || this.#ended) return;
    this.#model = other.model;
    this.#text = other.text;
    this.#seq = other.seq;
    this.#ended = other.ended;
    this.#failure = other.failure;
    this.stands("open");
  }

  /** Ends it here, where nobody can tell any more what became of it. */
  fail(code: string, text: string): void {
    this.#failure = { code, text };
    this.#ended = true;
    this.#frames.ask(this);
  }

  stands(line: State): void {
    this.#line = line;
    this.#frames.ask(this);
  }

  snapshot(): Snapshot {
    return {
      model: this.#model,
      text: this.#text,
      seq: this.#seq,
      ended: this.#ended,
      failure: this.#failure,
    };
  }

  /** Shows some more. Returns whether there is more to show. */
  advance(smooth: boolean): boolean {
    const behind = this.#text.length - this.#shown;
    if (!smooth) this.#shown = this.#text.length;
    else if (behind > FAR) this.#shown = this.#text.length - NEAR;
    else this.#shown += Math.ceil(behind / LAG);
    if (SURROGATE.test(this.#text.charAt(this.#shown - 1))) this.#shown += 1;
    this.#view = this.#look();
    for (const hear of this.#heard) hear();
    return this.#shown < this.#text.length;
  }

  #look(): View {
    return {
      run: this.run,
      conversation: this.conversation,
      model: this.#model,
      text: this.#text.slice(0, this.#shown),
      over: this.#ended && this.#shown >= this.#text.length,
      line: this.#line,
      failure: this.#failure,
    };
  }
}

/** Calls replies that have changed once a frame, all of them in the same one. */
export class Frames {
  #due = new Set<Reply>();
  #asked = false;
  readonly #schedule: (draw: () => void) => void;
  readonly #smooth: () => boolean;

  /** `schedule` calls back before the next frame; `smooth`: there is somebody who watches it. */
  constructor(schedule: (draw: () => void) => void, smooth: () => boolean) {
    this.#schedule = schedule;
    this.#smooth = smooth;
  }

  ask(reply: Reply): void {
    this.#due.add(reply);
    if (this.#asked) return;
    this.#asked = true;
    this.#schedule(this.#draw);
  }

  #draw = () => {
    const due = this.#due;
    this.#due = new Set();
    this.#asked = false;
    const smooth = this.#smooth();
    for (const reply of due) if (reply.advance(smooth)) this.ask(reply);
  };
}

/**
 * Reads the streams of a Sluice server, and comes back to them until they have said their end.
 *
 * One module without dependencies, for every front end: `import { stream } from "/sluice.js"`.
 * A connection that breaks, stalls or sleeps is resumed behind the last event that arrived
 * (`Last-Event-ID`); a request that may or may not have arrived is sent again under the same
 * `Idempotency-Key`, so that nothing is generated, or paid for, twice. See `docs/sluice-js.md`.
 */
import { Broken, Line, pause, texts } from "./line.ts";
import { halves, isLapse, isLast, type Reason, reason, reasonOf, secondsOf } from "./words.ts";

/** One event: `data` is its JSON; `run` and `seq` are the two halves of its `id`. */
export interface Arrival<T = unknown> {
  id: string;
  run: string;
  seq: number;
  data: T;
}

/** What a stream of conversations, and of `/api/v1/runs/{id}/events`, says. */
export type ConversationEvent =
  | {
      type: "start";
      message: string;
      conversation_id: string | null;
      run_id: string;
      model: string;
    }
  | { type: "chunk"; content: string }
  | {
      type: "end";
      message: string;
      conversation_id: string | null;
      message_id: string | null;
      tokens_used: number;
      finish_reason: string;
      model: string;
    }
  | { type: "error"; error: string; message: string; code: string };

/** Where a stream stands: on its way, open, or waiting before it tries again. */
export type State = "connecting" | "open" | "waiting";

type Pairs = Record<string, string>;

/** Sent with each request. A function is asked anew each time; `renew` says that the server has
 * just called what it gave before `unauthorized`. */
export type Given = Pairs | ((renew: boolean) => Pairs | Promise<Pairs>);

export interface Options {
  /** `POST` where there is a body, else `GET`. */
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Given;
  /** Ends it: `stream` then throws the signal's reason. The run itself goes on: see `cancel`. */
  signal?: AbortSignal;
  /** Begin behind this event: `run:seq`. */
  lastEventId?: string;
  /** Under which a request is sent again before its first event; one is made unless given. */
  idempotencyKey?: string;
  /** Milliseconds of trying, without a sign of life, after which it gives up: by default ten
   * minutes once a run is known, one minute before that. */
  patience?: number;
  /** Milliseconds without a byte after which a connection counts as dead; 45 s. */
  silence?: number;
  /** Milliseconds between two reads while the page is seen: what arrives meanwhile comes together.
   * For those who draw frames; none unless given. */
  pace?: number;
  credentials?: "include" | "omit" | "same-origin";
  /** Hears what becomes of the connection; `waiting` with the milliseconds until the next try. */
  onState?: (state: State, wait: number) => void;
  /** Hears the run's id as soon as the server has answered. */
  onRun?: (run: string) => void;
}

/** The server has said no. `code` is its stable name for why, `field` what is wrong. */
export class Refused extends Error {
  override name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly field: string | null;
  /** Seconds after which it may be asked again; null where it does not say. */
  readonly retryAfter: number | null;

  constructor(
    status: number,
    code: string,
    text: string,
    field: string | null = null,
    retryAfter: number | null = null,
  ) {
    super(text);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

/** The connection broke, and could not be taken up again; `cause` is what went wrong last. */
export class Lost extends Error {
  override name = "Lost";
}

const PATIENCE = 600_000; // ms
const FIRST_PATIENCE = 60_000; // ms; somebody sits there and waits for the message to be sent
const SILENCE = 45_000; // ms; the server says something every 15 s
const ANSWER = 180_000; // ms until the first answer: a message may wait for the one before it
const FAREWELL = 1_000; // ms for the response to end behind the last event
const SHORTEST = 250; // ms before the second try; twice as long before each further one
const LONGEST = 15_000; // ms between tries, and what one of them counts for at most

/**
 * Asks, and yields each event as it arrives, the last one included.
 *
 * Throws `Refused` where the server says no (also in mid-stream, where a login has ended), `Lost`
 * where it cannot be reached any more, the signal's reason, and what the options' own functions
 * throw. Leaving the loop closes the connection.
 */
export async function* stream<T = unknown>(
  address: string | URL,
  options: Options = {},
): AsyncGenerator<Arrival<T>, void> {
  const { signal, onState } = options;
  const course = new Course(address, options);
  for (;;) {
    signal?.throwIfAborted();
    const line = new Line(signal);
    let wait = 0;
    try {
      yield* course.read<T>(line);
      return;
    } catch (problem) {
      if (course.over) return;
      signal?.throwIfAborted();
      wait = course.wait(problem);
    } finally {
      line.close();
    }
    if (wait) onState?.("waiting", wait);
    if (wait) await pause(wait, signal);
  }
}

/** How far a stream has come, over all its connections. */
class Course {
  over = false;
  readonly #address: string | URL;
  readonly #options: Options;
  readonly #key: string;
  #run = "";
  #last: string; // the id behind which to go on
  #nameless = 0; // events without an id, which come again from the first one on
  #passed = { seq: 0, nameless: 0 }; // what had arrived before this connection
  #failures = 0; // since the last event
  #tried = 0; // ms without a sign of life
  #began = 0; // when this connection did; 0 once it has shown life
  #renew = false; // the next headers have to be fresh
  #renewed = false; // and were, without any success yet

  constructor(address: string | URL, options: Options) {
    this.#address = address;
    this.#options = options;
    this.#key = options.idempotencyKey ?? random();
    this.#last = options.lastEventId ?? "";
  }

  /** One connection. Returns where the stream has said its end; throws `Broken` where it was cut. */
  async *read<T>(line: Line): AsyncGenerator<Arrival<T>, void> {
    const { signal, silence = SILENCE } = this.#options;
    const response = await this.#open(line, silence);
    if (this.over) return;
    this.#passed = { seq: halves(this.#last).seq, nameless: this.#nameless };
    const parser = new SseParser();
    const most = () => (this.over ? Math.min(FAREWELL, silence) : silence);
    for await (const text of texts(response, (read) => line.within(most(), read))) {
      this.#began = 0;
      this.#tried = 0;
      for (const said of parser.feed(text)) {
        const arrival = this.#take<T>(said);
        if (!arrival) continue;
        yield arrival;
        if (!this.over) signal?.throwIfAborted();
      }
      await this.#rest(line);
    }
    if (!this.over) throw new Broken("The stream was cut off.");
  }

  /** Lets more arrive. The timers of a hidden page, which come once a minute, are not waited for. */
  async #rest(line: Line): Promise<void> {
    const { pace } = this.#options;
    if (pace && !this.over && !globalThis.document?.hidden) await pause(pace, line.signal);
  }

  /** Milliseconds until the next try. Throws where there is to be none. */
  wait(problem: unknown): number {
    if (this.#renews(problem)) return 0;
    if (!this.#passes(problem)) throw problem;
    const cause = problem instanceof Broken ? (problem.cause ?? problem) : problem;
    if (this.#nameless && !this.#last) throw new Lost("Its events have no ids.", { cause });
    const wait = this.#delay(cause);
    const took = this.#began && Math.min(LONGEST, performance.now() - this.#began);
    this.#tried += took + wait; // and no clock: a laptop that slept has not tried
    if (this.#tried <= (this.#options.patience ?? (this.#last ? PATIENCE : FIRST_PATIENCE))) {
      return wait;
    }
    throw cause instanceof Refused ? cause : new Lost("The server is out of reach.", { cause });
  }

  #delay(problem: unknown): number {
    const most = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
    this.#failures += 1;
    const asked = problem instanceof Refused ? (problem.retryAfter ?? 0) * 1000 : 0;
    return Math.max(1, Math.random() * most, asked);
  }

  async #open(line: Line, silence: number): Promise<Response> {
    const { onState, onRun } = this.#options;
    this.#began = performance.now();
    onState?.("connecting", 0);
    const request = await this.#request(line);
    // The signal by itself: Node lets go of one that only a request holds.
    const ask = () => fetch(request, { signal: line.signal });
    const response = await line.within(this.#last ? silence : ANSWER, ask);
    if (!response.ok) throw await line.within(silence, () => refusal(response));
    this.over = response.status === 204; // that event was the last one
    const type = response.headers.get("Content-Type") ?? "nothing";
    if (!this.over && !(response.body && /^text\/event-stream/i.test(type))) {
      throw new Refused(response.status, "not_a_stream", `No event stream came, but ${type}.`);
    }
    const run = response.headers.get("X-Run-Id") ?? "";
    this.#last ||= run && `${run}:0`;
    if (run && run !== this.#run) onRun?.(run);
    this.#run = run;
    onState?.("open", 0);
    return response;
  }

  async #request(line: Line): Promise<Request> {
    const { body, headers: own, credentials } = this.#options;
    const method = this.#options.method ?? (body === undefined ? "GET" : "POST");
    const headers = new Headers(await line.until(given(own, this.#renew)).catch(offline));
    this.#renew = false;
    headers.set("Accept", "text/event-stream");
    headers.set("Idempotency-Key", this.#key);
    if (method !== "GET") headers.set("Content-Type", "application/json");
    if (this.#last) headers.set("Last-Event-ID", this.#last);
    return new Request(this.#address, {
      method,
      headers,
      cache: "no-store",
      ...(credentials && { credentials }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** What a message brings that has not arrived before. */
  #take<T>({ id = "", data }: Said): Arrival<T> | null {
    if (data === "[DONE]") this.over = true;
    if (this.over) return null;
    const arrival = data ? { id, ...halves(id), data: JSON.parse(data) as T } : null;
    if (isLapse(arrival?.data)) throw refused(401, reason(arrival.data));
    this.#renewed = false; // whatever comes shows that the reader is let in
    if (!arrival || this.#repeats(arrival)) return null;
    if (id) this.#last = id;
    else this.#nameless += 1;
    this.#failures = 0;
    this.over = isLast(arrival.data);
    return arrival;
  }

  /** Whether it has arrived: a proxy may drop `Last-Event-ID`, and some events have no id. */
  #repeats({ id, run, seq }: Arrival): boolean {
    if (id) return run === halves(this.#last).run && seq <= this.#passed.seq;
    this.#passed.nameless -= 1;
    return this.#passed.nameless >= 0;
  }

  /** Whether to ask again at once, with fresh headers. */
  #renews(problem: unknown): boolean {
    const no = problem instanceof Refused && problem.status === 401;
    const may = no && !this.#renewed && typeof this.#options.headers === "function";
    if (may) this.#renew = this.#renewed = true;
    return may;
  }

  /** Whether it may be better the next time. */
  #passes(problem: unknown): boolean {
    if (!(problem instanceof Refused)) return problem instanceof Broken;
    const { status, code } = problem;
    if (this.#last) return status === 429 || status >= 500 || code === "not_a_stream";
    if (this.#failures && code === "conversation_busy") return true; // with our own first try
    return status >= 502 && !code; // the server always says why: this was a proxy
  }
}

/** Stops a run at once, for everybody. Resolves to its receipt; throws `Refused`. */
export async function cancel(
  run: string,
  options: { server?: string | URL } & Pick<Options, "headers" | "credentials" | "signal"> = {},
): Promise<{
  state: string;
  text_length: number;
  tokens_used: number | null;
  cost: number | null;
}> {
  const { server, headers, ...more } = options;
  const home = server ? `${server}`.replace(/\/?$/, "/") : import.meta.url;
  const address = new URL(`api/v1/runs/${encodeURIComponent(run)}/cancel`, home);
  for (let renew = false; ; renew = true) {
    const own = await given(headers, renew);
    const response = await fetch(address, { method: "POST", headers: own, ...more });
    if (response.ok) return response.json();
    const no = await refusal(response);
    if (renew || no.status !== 401 || typeof headers !== "function") throw no;
  }
}

/** What a response that is not 2xx says, whichever of the server's dialects words it. */
export async function refusal(response: Response): Promise<Refused> {
  const said = reasonOf(await response.text().catch(() => ""));
  const text = said.text || response.statusText || `HTTP ${response.status}`;
  return refused(
    response.status,
    { ...said, text },
    secondsOf(response.headers.get("Retry-After")),
  );
}

/** Text in, cut anywhere; messages out. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class SseParser {
  #line = "";
  #afterCr = false;
  #atStart = true;
  #data: string[] = [];
  #event = "";
  #id = "";

  feed(piece: string): Said[] {
    let text = piece;
    if (this.#atStart && text) {
      this.#atStart = false;
      text = text.replace(/^\uFEFF/, "");
    }
    if (this.#afterCr && text) {
      this.#afterCr = false;
      text = text.replace(/^\n/, ""); // the other half of a CRLF that was cut
    }
    this.#afterCr = this.#afterCr || text.endsWith("\r");
    const lines = text.split(/\r\n|\r|\n/);
    lines[0] = this.#line + lines[0];
    this.#line = lines.pop() ?? "";
    return lines.map((line) => this.#take(line)).filter((said) => said !== null);
  }

  #take(line: string): Said | null {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return { comment: line.slice(1).trim() };
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    if (name === "event") this.#event = value;
    if (name === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): Said | null {
    const message = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#event = "";
    return empty ? null : message;
  }
}

export type Said =
  | { id: string; event: string; data: string; comment?: never }
  | { comment: string; id?: never; event?: never; data?: never };

/** What a response's body says, comments included, as it arrives: all that one read brought. */
export async function* messages(response: Response): AsyncGenerator<Said[], void> {
  const parser = new SseParser();
  for await (const text of texts(response)) yield parser.feed(text);
}

/** Rethrows what asking for headers came to. A `TypeError` is what `fetch` throws offline. */
function offline(cause: unknown): never {
  const fetching = cause instanceof TypeError || cause instanceof DOMException;
  throw fetching ? new Broken("The headers could not be had.", { cause }) : cause;
}

function refused(status: number, why: Reason, retryAfter: number | null = null): Refused {
  return new Refused(status, why.code, why.text, why.field, retryAfter);
}

const given = async (headers: Given = {}, renew: boolean) =>
  typeof headers === "function" ? await headers(renew) : headers;

/** 128 random bits; `crypto.randomUUID` is there over https only. */
function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

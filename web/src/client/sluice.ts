/**
 * Reads the streams of a Sluice server, and comes back to them until they have said their end.
 *
 * One module without dependencies, for every front end: `import { stream } from "/sluice.js"`.
 * A connection that breaks, stalls or sleeps is resumed behind the last event that arrived
 * (`Last-Event-ID`); a request that may or may not have arrived is sent again under the same
 * `Idempotency-Key`, so that nothing is generated, or paid for, twice.
 */

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

export interface Options {
  /** `POST` where there is a body, else `GET`. */
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent with each request; a function is asked anew each time, for tokens that expire. */
  headers?:
    | Record<string, string>
    | (() => Record<string, string> | Promise<Record<string, string>>);
  /** Ends it: `stream` then throws the signal's reason. The run itself goes on: see `cancel`. */
  signal?: AbortSignal;
  /** Begin behind this event: `run:seq`. */
  lastEventId?: string;
  /** Under which a request is sent again before its first event; one is made unless given. */
  idempotencyKey?: string;
  /** Milliseconds of trying without an event after which `Lost` is thrown; ten minutes. */
  patience?: number;
  /** Milliseconds without a byte after which a connection counts as dead; 45 s. */
  silence?: number;
  credentials?: RequestCredentials;
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
    field: string | null,
    retryAfter: number | null,
  ) {
    super(text);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retryAfter = retryAfter;
  }
}

/** The connection broke, and could not be taken up again. */
export class Lost extends Error {
  override name = "Lost";
}

const PATIENCE = 600_000; // ms
const SILENCE = 45_000; // ms; the server says something every 15 s
const SHORTEST = 250; // ms before the second try; twice as long before each further one
const LONGEST = 15_000; // ms between tries
const PASSING = new Set([429, 500, 502, 503, 504]); // what is tried again once a run is known
const ENDS = new Set(["end", "error", "complete"]);

/**
 * Asks, and yields each event as it arrives, the last one included.
 *
 * Throws `Refused` where the server says no, `Lost` where it cannot be reached any more, and the
 * signal's reason. Leaving the loop closes the connection.
 */
export async function* stream<T = unknown>(
  address: string | URL,
  options: Options = {},
): AsyncGenerator<Arrival<T>, void> {
  const { signal, onState } = options;
  const course = new Course(address, options);
  for (;;) {
    const line = new AbortController();
    const unlink = link(signal, line);
    try {
      if (yield* course.read<T>(line)) return;
    } catch (problem) {
      if (signal?.aborted) throw signal.reason;
      if (!course.passing(problem)) throw problem;
    } finally {
      unlink();
      line.abort();
    }
    const wait = course.wait();
    onState?.("waiting", wait);
    await pause(wait, signal);
  }
}

/** How far a stream has come, over all its connections. */
class Course {
  readonly #address: string | URL;
  readonly #options: Options;
  readonly #key: string;
  #last: string;
  #numbered = true; // its events have ids, so it can be resumed
  #failures = 0;
  #since = Date.now();

  constructor(address: string | URL, options: Options) {
    this.#address = address;
    this.#options = options;
    this.#key = options.idempotencyKey ?? random();
    this.#last = options.lastEventId ?? "";
  }

  /** One connection: true where the stream has said its end, false where it was cut. */
  async *read<T>(line: AbortController): AsyncGenerator<Arrival<T>, boolean> {
    const response = await this.#open(line.signal);
    if (response.status === 204) return true; // that event was the last one
    for await (const { id, data } of read(response, this.#options.silence ?? SILENCE, line)) {
      if (data === "[DONE]") return true;
      this.#failures = 0;
      this.#since = Date.now();
      this.#numbered = id !== "";
      if (id) this.#last = id;
      const arrival = arrived<T>(id, data);
      yield arrival;
      if (over(arrival.data)) return true;
    }
    return false;
  }

  /** Whether what went wrong was the connection, and may be better the next time. */
  passing(problem: unknown): boolean {
    if (problem instanceof Refused) return this.#last !== "" && PASSING.has(problem.status);
    return problem instanceof TypeError || (problem as Error | null)?.name === "AbortError";
  }

  /** Milliseconds until the next try. Throws `Lost` where there is to be none. */
  wait(): number {
    if (!this.#numbered) throw new Lost("The stream broke off; its events have no ids.");
    if (Date.now() - this.#since > (this.#options.patience ?? PATIENCE)) {
      throw new Lost("The server cannot be reached.");
    }
    const most = Math.min(LONGEST, SHORTEST * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * most;
  }

  async #open(signal: AbortSignal): Promise<Response> {
    const { onState, onRun } = this.#options;
    onState?.("connecting", 0);
    const response = await ask(this.#address, this.#options, signal, this.#last, this.#key);
    if (!response.ok) throw await refusal(response);
    const run = response.headers.get("X-Run-Id");
    if (run) onRun?.(run);
    if (run && !this.#last) this.#last = `${run}:0`;
    onState?.("open", 0);
    return response;
  }
}

/** Stops a run at once, for everybody. Resolves to its receipt; throws `Refused`. */
export async function cancel(
  run: string,
  options: { server?: string | URL; headers?: Options["headers"] } = {},
): Promise<{
  state: string;
  text_length: number;
  tokens_used: number | null;
  cost: number | null;
}> {
  const address = new URL(
    `api/v1/runs/${encodeURIComponent(run)}/cancel`,
    options.server ?? new URL(/* @vite-ignore */ ".", import.meta.url),
  );
  const response = await fetch(address, { method: "POST", headers: await given(options.headers) });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/** What a response that is not 2xx says, whichever of the server's dialects words it. */
export async function refusal(response: Response): Promise<Refused> {
  const text = await response.text().catch(() => "");
  const body = parse(text);
  const found = (body.detail ?? body.error ?? body.message) as unknown;
  const said = Array.isArray(found) ? found[0] : found;
  const [field, words] = complaint(said);
  const errors = body.errors as { field: string }[] | undefined;
  const seconds = Number(response.headers.get("Retry-After") ?? "nothing");
  return new Refused(
    response.status,
    typeof body.code === "string" ? body.code : "",
    words || response.statusText || `HTTP ${response.status}`,
    field ?? errors?.[0]?.field ?? null,
    Number.isFinite(seconds) ? seconds : null,
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
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => {}); // the connection may be gone already
  }
}

/** The events of a response; a silence that is too long ends its connection. */
async function* read(response: Response, silence: number, line: AbortController) {
  let watch = setTimeout(() => line.abort(), silence);
  try {
    for await (const all of messages(response)) {
      clearTimeout(watch);
      watch = setTimeout(() => line.abort(), silence);
      for (const one of all) if (one.data !== undefined) yield one;
    }
  } finally {
    clearTimeout(watch);
  }
}

async function ask(
  address: string | URL,
  options: Options,
  signal: AbortSignal,
  last: string,
  key: string,
): Promise<Response> {
  const method = options.method ?? (options.body === undefined ? "GET" : "POST");
  const headers: Record<string, string> = {
    Accept: "text/event-stream",
    ...(method !== "GET" && { "Content-Type": "application/json", "Idempotency-Key": key }),
    ...(last && { "Last-Event-ID": last }),
    ...(await given(options.headers)),
  };
  const { body, credentials } = options;
  return fetch(address, {
    method,
    headers,
    signal,
    cache: "no-store",
    ...(credentials && { credentials }),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const given = async (headers: Options["headers"]) =>
  typeof headers === "function" ? await headers() : (headers ?? {});

function arrived<T>(id: string, data: string): Arrival<T> {
  const colon = id.lastIndexOf(":");
  const seq = Number(id.slice(colon + 1));
  return { id, run: id.slice(0, Math.max(0, colon)), seq, data: JSON.parse(data) as T };
}

/** Whether an event is the last of its stream, in whichever dialect. */
function over(data: unknown): boolean {
  const said = data as { type?: string; done?: boolean; error?: unknown } | null;
  return said?.done === true || said?.error !== undefined || ENDS.has(said?.type ?? "");
}

function parse(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function complaint(said: unknown): [string | null, string] {
  if (typeof said !== "object" || said === null) return [null, said === undefined ? "" : `${said}`];
  const { loc, msg, message } = said as { loc?: string[]; msg?: string; message?: string };
  const field = loc?.filter((part) => part !== "body" && part !== "query").join(".") || null;
  return [field, msg ?? message ?? ""];
}

/** 128 random bits; `crypto.randomUUID` is there over https only. */
function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function link(signal: AbortSignal | undefined, line: AbortController): () => void {
  const abort = () => line.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  return () => signal?.removeEventListener("abort", abort);
}

/** Waits; shorter where the network comes back, or the reader does. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", finish);
      globalThis.document?.removeEventListener("visibilitychange", finish);
      signal?.removeEventListener("abort", finish);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(finish, ms);
    globalThis.addEventListener?.("online", finish);
    globalThis.document?.addEventListener("visibilitychange", finish);
    signal?.addEventListener("abort", finish);
    if (signal?.aborted) finish();
  });
}

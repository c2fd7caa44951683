/** What all ways of sending have in common: how one is asked to stop, and what is told of it. */
import { refusal } from "#client";
import { call, MARK } from "../../api/http.ts";
import type { Answered, Tape } from "../tape/tape.ts";
import type { Request, Values } from "../ways/request.ts";

/** A request on its way. */
export interface Line {
  /** Resolves when the tape is closed; never rejects. */
  ended: Promise<void>;
  /** Cancels the run, and then closes the connection. */
  stop: () => void;
}

/** `values` hold what is the page's own affair, such as with what to read. */
export type Sender = (request: Request, tape: Tape, values: Values) => Line;

const PATIENCE = 1000; // ms that a cancelled stream gets to say its own end

/** Of the headers those that a developer looks for. */
const TOLD = [
  "content-type",
  "content-encoding",
  "x-run-id",
  "x-session-id",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
  "retry-after",
  "via",
];

export function answered(response: Response): Answered {
  const headers = TOLD.map((name) => [name, response.headers.get(name)] as const);
  return {
    status: `${response.status} ${response.statusText}`.trim(),
    headers: headers.filter((pair): pair is [string, string] => pair[1] !== null),
  };
}

/** Cancels what is known of the run, then closes; `close` may be called twice. */
export async function stop(tape: Tape, close: () => void): Promise<void> {
  tape.stopping = true;
  if (tape.run !== null && (await cancelled(tape.run))) setTimeout(close, PATIENCE);
  else close();
}

async function cancelled(run: string): Promise<boolean> {
  try {
    await call(`api/v1/runs/${encodeURIComponent(run)}/cancel`, { method: "POST" });
    return true;
  } catch {
    return false; // it is over, or nobody is there: closing is all that is left
  }
}

/** A refusal's text, in whichever dialect: `401 unauthorized: …`. */
export async function said(response: Response, text: string): Promise<string> {
  const { status, headers } = response;
  const { code, field, message } = await refusal(new Response(text, { status, headers }));
  return `${status} ${code}: ${field && !message.startsWith(field) ? `${field}: ` : ""}${message}`;
}

/** What the server itself notes of a run, once it is over. */
export async function noted(tape: Tape): Promise<void> {
  if (tape.run === null || tape.outcome === "refused") return;
  const path = `api/v1/runs/${encodeURIComponent(tape.run)}`;
  try {
    const { first_token, duration } = await call<{ first_token: number | null; duration: number }>(
      path,
    );
    tape.note({
      firstToken: first_token === null ? null : first_token * 1000,
      duration: duration * 1000,
    });
  } catch {
    // It is judged by what arrived.
  }
}

export { MARK };

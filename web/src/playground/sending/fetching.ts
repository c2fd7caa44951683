/** Requests of `fetch`: whole answers, and streams read as they arrive. */

import { Splitter } from "../tape/splitting.ts";
import type { Tape } from "../tape/tape.ts";
import { headersOf, type Request } from "../ways/request.ts";
import { answered, type Line, MARK, type Sender, said, stop } from "./line.ts";

export const fetching: Sender = (request, tape) => {
  const line = new AbortController();
  const close = () => line.abort();
  return { ended: ask(request, tape, line.signal), stop: () => void stop(tape, close) };
};

async function ask(request: Request, tape: Tape, signal: AbortSignal): Promise<void> {
  const { address, method, body } = request;
  try {
    const response = await fetch(address, {
      method,
      signal,
      cache: "no-store",
      headers: { ...headersOf(request), ...MARK },
      ...(body && { body: JSON.stringify(body) }),
    });
    tape.open(answered(response), response.headers.get("X-Run-Id"));
    if (!response.ok) await refused(response, tape);
    else if (isStream(response)) await read(response, tape);
    else await whole(response, tape);
  } catch (problem) {
    if (tape.stopping) tape.close("stopped");
    else if (tape.answered) tape.close("cut");
    else tape.close("unreachable", String(problem));
  }
}

const isStream = (response: Response): boolean =>
  (response.headers.get("Content-Type") ?? "").startsWith("text/event-stream");

async function refused(response: Response, tape: Tape): Promise<void> {
  const text = await response.text();
  const began = response.headers.has("X-Run-Id");
  if (text) tape.take([text]);
  tape.problem = await said(response, text);
  tape.close(began ? "failed" : "refused");
}

async function whole(response: Response, tape: Tape): Promise<void> {
  const text = await response.text();
  if (text) tape.take([text]);
  tape.over = true;
  tape.finish();
}

/** One look at the clock for each read, so that what came together is seen to. */
async function read(response: Response, tape: Tape): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const splitter = new Splitter();
  for (;;) {
    const { done, value } = await reader.read();
    const at = tape.now();
    if (done) break;
    const texts = splitter.feed(decoder.decode(value, { stream: true }));
    tape.take(texts, value.length, at);
  }
  const rest = splitter.rest();
  if (rest.length) tape.take(rest, 0);
  tape.finish();
}

export type { Line };

/** One connection of a stream, and the waits between two of them. Knows no event by name. */

const FOREVER = 2 ** 31 - 1; // ms; timers that are told more fire at once

/** It was the connection that failed, and neither the server's answer nor anybody's code. */
export class Broken extends Error {}

/** Ends with its reader, or where it stalls. */
export class Line {
  readonly #breaker = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #break = () => this.#breaker.abort();

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    outer?.addEventListener("abort", this.#break);
  }

  get signal(): AbortSignal {
    return this.#breaker.signal;
  }

  /** What some work at the connection brings. Throws `Broken`, also after so many milliseconds. */
  async within<T>(most: number, work: () => Promise<T>): Promise<T> {
    const watch = setTimeout(this.#break, Math.min(most, FOREVER));
    try {
      return await this.until(work());
    } catch (cause) {
      throw new Broken("The connection broke.", { cause });
    } finally {
      clearTimeout(watch);
    }
  }

  /** What some work brings, unless the connection ends before it. */
  until<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason);
      signal.addEventListener("abort", leave);
      if (signal.aborted) leave();
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  close(): void {
    this.#outer?.removeEventListener("abort", this.#break);
    this.#break();
  }
}

/** A response's text as it arrives; `reading` does each of the reads. */
export async function* texts(
  response: Response,
  reading: <T>(read: () => Promise<T>) => Promise<T> = (read) => read(),
): AsyncGenerator<string, void> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for (;;) {
      const { done, value } = await reading(() => reader.read());
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => {}); // the connection may be gone already
  }
}

/** Waits; shorter where the network comes back, or the reader does. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const page = globalThis.document;
    const finish = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", finish);
      page?.removeEventListener("visibilitychange", look);
      signal?.removeEventListener("abort", finish);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const look = () => page.hidden || finish();
    const timer = setTimeout(finish, Math.min(ms, FOREVER));
    globalThis.addEventListener?.("online", finish);
    page?.addEventListener("visibilitychange", look);
    signal?.addEventListener("abort", finish);
    if (signal?.aborted) finish();
  });
}

// Server-sent events, from text to messages. Knows no page and no dialect.
// The format: https://html.spec.whatwg.org/multipage/server-sent-events.html

/** Text in, cut anywhere; messages out: `{id, event, data}`, or `{comment}`. */
export class SseParser {
  #line = "";
  #afterCr = false;
  #atStart = true;
  #data = [];
  #event = "";
  #id = "";

  feed(text) {
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
    this.#line = lines.pop();
    return lines.map((line) => this.#take(line)).filter(Boolean);
  }

  #take(line) {
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

  #dispatch() {
    const message = { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#data = [];
    this.#event = "";
    return empty ? null : message;
  }
}

/** The messages of a response's body, as they arrive: all that one read brought, at a time. */
export async function* messages(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const arrived = parser.feed(decoder.decode(value, { stream: true }));
      if (arrived.length) yield arrived;
    }
  } finally {
    await reader.cancel().catch(() => {}); // the connection may be gone already
  }
}

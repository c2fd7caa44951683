/** A stream's text, cut anywhere, into its events as they were on the wire. Pure. */

const BLANK = /^[\r\n]+/;
const COMMENT = /^:[^\r\n]*[\r\n]/;
const END = /\r\n\r\n|\n\n|\r\r/;

export class Splitter {
  #rest = "";

  /** What is now complete. A comment is complete with its line: it announces no event. */
  feed(piece: string): string[] {
    this.#rest += piece;
    const found: string[] = [];
    for (;;) {
      this.#rest = this.#rest.replace(BLANK, "");
      const end = COMMENT.exec(this.#rest) ?? END.exec(this.#rest);
      if (!end) return found;
      const length = end.index + end[0].length;
      found.push(this.#rest.slice(0, length).replace(/[\r\n]+$/, ""));
      this.#rest = this.#rest.slice(length);
    }
  }

  /** What was left over at the end: of a stream that was cut, half an event. */
  rest(): string[] {
    return this.#rest ? [this.#rest] : [];
  }
}

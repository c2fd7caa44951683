/** Cuts a growing Markdown text into blocks that no later text can change, and an open rest. Pure.
 *
 * A line is looked at once, when it is complete, so that a text of n characters costs O(n), and is
 * cut in the same places in whatever pieces it arrives. What a block holds is left to `lex.ts`.
 */
import { heads } from "./cells.ts";
import * as lines from "./lines.ts";

/** Flow is whatever marked is to lex; the others are shown without it. */
export type Kind = "flow" | "fence" | "maths" | "table";

export interface Piece {
  kind: Kind;
  source: string;
}

type State = "start" | "paragraph" | "code" | "list" | "quote" | "table" | "fence" | "maths";
/** A line stays in the block, is its last, begins the next, is of none, or is to be looked at again. */
type Verdict = "stays" | "ends" | "begins" | "skipped" | "again";

const LONG = 8_000; // characters from which a list, a quote or a paragraph is cut at a line
const LONGEST_MATHS = 10_000; // characters; what is not closed by then is no maths
const KINDS: Partial<Record<State, Kind>> = { fence: "fence", maths: "maths", table: "table" };

export class Cutter {
  #done: Piece[] = [];
  #rest = ""; // from where the current block begins
  #at = 0; // in it: where the first line begins that was not judged yet
  #before = 0; // in it: where the line before that begins
  #dull = 0; // in it: up to where nothing opens maths
  #state: State = "start";
  #blank = false; // of a list: the last line was
  #item = { column: 0, empty: false };
  #fence: lines.Fence | null = null;
  #mark: lines.Mark = "$$";

  /** Takes more of the text, whose line ends are `\n`, and gives the blocks that are now final. */
  feed(more: string): Piece[] {
    this.#rest += more;
    this.#judgeAll();
    this.#peek();
    return this.#done.splice(0);
  }

  /** No more will come: gives the last blocks. */
  end(): Piece[] {
    if (this.#rest && !this.#rest.endsWith("\n")) this.#rest += "\n";
    this.#judgeAll();
    while (this.#state === "maths") {
      this.#noMaths();
      this.#judgeAll();
    }
    if (this.#rest.trim()) this.#cut(this.#rest.length);
    this.#rest = "";
    return this.#done.splice(0);
  }

  /** What may still change. */
  get open(): Piece | null {
    return this.#rest.trim() ? this.#piece(this.#rest) : null;
  }

  #judgeAll(): void {
    let end = this.#rest.indexOf("\n", this.#at);
    while (end >= 0) {
      this.#judge(this.#rest.slice(this.#at, end), end + 1);
      end = this.#rest.indexOf("\n", this.#at);
    }
  }

  #judge(line: string, next: number): void {
    const verdict = this.#states[this.#state](line);
    if (verdict === "stays") {
      this.#before = this.#at;
      this.#at = next;
    } else if (verdict === "ends") this.#cut(next);
    else if (verdict === "begins") this.#cut(this.#at);
    else if (verdict === "skipped") this.#drop(next);
  }

  /** A list has ended when what follows a blank line can be no item of it, complete or not. */
  #peek(): void {
    if (this.#state !== "list" || !this.#blank) return;
    const line = this.#rest.slice(this.#at);
    if (lines.isBlank(line) || this.#inItem(line) || lines.mayBeItem(line)) return;
    this.#cut(this.#at);
  }

  #states: Record<State, (line: string) => Verdict> = {
    start: (line) => this.#start(line),
    paragraph: (line) => this.#paragraph(line),
    code: (line) => (lines.isBlank(line) || lines.isCode(line) ? "stays" : "begins"),
    list: (line) => this.#list(line),
    quote: (line) => {
      if (lines.isBlank(line)) return "ends";
      const begins = lines.isQuote(line) ? this.#long() : this.#interrupted(line);
      return begins ? "begins" : "stays";
    },
    table: (line) => {
      if (lines.isBlank(line)) return "ends";
      return lines.isCode(line) || this.#interrupted(line) ? "begins" : "stays";
    },
    fence: (line) => (this.#fence && lines.closes(line, this.#fence) ? "ends" : "stays"),
    maths: (line) => this.#maths(line),
  };

  #start(line: string): Verdict {
    if (lines.isBlank(line)) return "skipped";
    if (lines.isCode(line)) return this.#enter("code");
    this.#fence = lines.fence(line);
    if (this.#fence) return this.#enter("fence");
    const maths = this.#opensMaths(line);
    if (maths) {
      this.#mark = maths.mark;
      this.#enter("maths");
      return maths.closed ? "ends" : "stays";
    }
    if (lines.isHeading(line) || lines.isRule(line)) return "ends";
    if (lines.isQuote(line)) return this.#enter("quote");
    const item = lines.item(line);
    if (!item) return this.#enter("paragraph");
    this.#item = item;
    this.#blank = false;
    return this.#enter("list");
  }

  #enter(state: State): Verdict {
    this.#state = state;
    return "stays";
  }

  #paragraph(line: string): Verdict {
    if (lines.isBlank(line) || lines.isUnderline(line)) return "ends";
    if (lines.isDelimiters(line) && heads(this.#rest.slice(this.#before, this.#at - 1), line)) {
      return this.#table();
    }
    if (this.#long() && !lines.isCode(line)) return "begins";
    return this.#interrupted(line) ? "begins" : "stays";
  }

  /** The paragraph's last line was a table's head: what stands before it is a block. */
  #table(): Verdict {
    const head = this.#at - this.#before;
    if (this.#before > 0) this.#cut(this.#before);
    this.#at = head;
    return this.#enter("table");
  }

  #list(line: string): Verdict {
    const followed = this.#blank;
    this.#blank = lines.isBlank(line);
    if (this.#blank) return "stays";
    if (followed ? this.#inItem(line) : this.#within(line)) {
      this.#item.empty = false;
      return "stays";
    }
    const item = lines.item(line);
    if (item && !this.#long()) {
      this.#item = item;
      return "stays";
    }
    return item || followed || this.#interrupted(line) ? "begins" : "stays";
  }

  #within(line: string): boolean {
    return lines.indent(line) >= this.#item.column;
  }

  /** Whether a line after a blank one belongs to the item. */
  #inItem(line: string): boolean {
    return this.#within(line) && !this.#item.empty;
  }

  #maths(line: string): Verdict {
    if (lines.endsMaths(line, this.#mark)) return "ends";
    if (!line.includes(lines.endOf(this.#mark)) && this.#at < LONGEST_MATHS) return "stays";
    this.#noMaths();
    return "again";
  }

  /** What seemed to be maths was none: it is looked at again, as text. */
  #noMaths(): void {
    this.#dull = this.#at;
    this.#at = this.#before = 0;
    this.#state = "start";
  }

  #opensMaths(line: string) {
    return this.#at < this.#dull ? null : lines.maths(line);
  }

  /** Whether a paragraph, a quote or a table ends before this line. */
  #interrupted(line: string): boolean {
    return (
      lines.fence(line) !== null ||
      this.#opensMaths(line) !== null ||
      lines.isHeading(line) ||
      lines.isRule(line) ||
      lines.isQuote(line) ||
      lines.interrupts(line)
    );
  }

  #long(): boolean {
    return this.#at > LONG;
  }

  #cut(end: number): void {
    this.#done.push(this.#piece(this.#rest.slice(0, end)));
    this.#drop(end);
  }

  #drop(end: number): void {
    this.#rest = this.#rest.slice(end);
    this.#dull = Math.max(0, this.#dull - end);
    this.#at = this.#before = 0;
    this.#state = "start";
  }

  #piece(source: string): Piece {
    return { kind: KINDS[this.#state] ?? "flow", source };
  }
}

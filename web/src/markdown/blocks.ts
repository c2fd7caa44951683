/** The blocks of a growing Markdown text: each is the same object for as long as it is the same. */
import type { Links } from "marked";
import { Cutter, type Kind, type Piece } from "./cutter.ts";
import { definitions, NO_LINKS } from "./lex.ts";

export interface Block {
  readonly key: number;
  readonly kind: Kind;
  readonly source: string;
  /** More of it may come. */
  readonly open: boolean;
  /** What other blocks define for its links. */
  readonly links: Links;
}

const GROUP = 32; // blocks
const LABEL = /\[((?:[^[\]\\]|\\.){1,200})\](?!\()/g;
const LINKED = new Set<Kind>(["flow", "table"]);

export class Blocks {
  #seen = "";
  #finished = false;
  #cutter = new Cutter();
  #groups: Block[][] = [];
  #count = 0;
  #links: Links = Object.create(null);
  #defined = false;
  #waiting = new Map<string, Set<number>>(); // labels, and the blocks that have them

  /** The blocks of the text, in groups; the last is open, where `open`. A group is the same object
   * as before where nothing in it has changed. A text that does not begin with the one before it
   * is read from its beginning. */
  read(text: string, open: boolean): readonly (readonly Block[])[] {
    if (this.#finished && text === this.#seen) return this.#groups;
    if (this.#finished || !text.startsWith(this.#seen)) this.#reset();
    // A carriage return at the end may be half of a line's end.
    const end = open && text.endsWith("\r") ? text.length - 1 : text.length;
    this.#take(this.#cutter.feed(sane(text.slice(this.#seen.length, end))));
    this.#seen = text.slice(0, end);
    if (!open) {
      this.#take(this.#cutter.end());
      this.#finished = true;
    }
    return this.#withOpen(this.#cutter.open);
  }

  #reset(): void {
    this.#seen = "";
    this.#finished = false;
    this.#cutter = new Cutter();
    this.#groups = [];
    this.#count = 0;
    this.#links = Object.create(null);
    this.#defined = false;
    this.#waiting.clear();
  }

  #withOpen(piece: Piece | null): readonly (readonly Block[])[] {
    if (!piece) return this.#groups;
    const links = this.#defined ? this.#links : NO_LINKS;
    const block: Block = { ...piece, key: this.#count, open: true, links };
    if (this.#count % GROUP === 0) return [...this.#groups, [block]];
    return [...this.#groups.slice(0, -1), [...(this.#groups.at(-1) ?? []), block]];
  }

  #take(pieces: Piece[]): void {
    for (const piece of pieces) {
      if (piece.kind === "flow") this.#define(definitions(piece.source));
      const key = this.#count;
      this.#put({ ...piece, key, open: false, links: this.#linksOf(piece, key) });
      this.#count += 1;
    }
  }

  #put(block: Block): void {
    const at = Math.floor(block.key / GROUP);
    const group = [...(this.#groups[at] ?? [])];
    group[block.key % GROUP] = block;
    this.#groups[at] = group;
  }

  /** The definitions of those labels that the block has; for the others it waits. */
  #linksOf(piece: Piece, key: number): Links {
    if (!LINKED.has(piece.kind) || !piece.source.includes("[")) return NO_LINKS;
    let links = NO_LINKS;
    for (const [, written = ""] of piece.source.matchAll(LABEL)) {
      const label = normal(written);
      const link = this.#links[label];
      if (link) links = Object.assign(Object.create(null), links, { [label]: link });
      else this.#waiting.set(label, (this.#waiting.get(label) ?? new Set()).add(key));
    }
    return links;
  }

  #define(found: Links): void {
    for (const [label, link] of Object.entries(found)) {
      if (!link || this.#links[label]) continue; // the first counts
      this.#links[label] = link;
      this.#defined = true;
      for (const key of this.#waiting.get(label) ?? []) {
        const block = this.#groups[Math.floor(key / GROUP)]?.[key % GROUP];
        if (!block) continue;
        const links = Object.assign(Object.create(null), block.links, { [label]: link });
        this.#put({ ...block, links });
      }
      this.#waiting.delete(label);
    }
  }
}

/** A label as marked keeps it. */
const normal = (label: string) =>
  label.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase().toLowerCase();

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000e-\u001f\u007f]/g;
const PICTURES = 0x2400;

/** Line ends are `\n`, whatever they were, and what cannot be seen is seen to be there. */
const sane = (text: string) =>
  text.replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, "\n").replace(CONTROL, (one) => {
    if (one === "\0") return "\ufffd";
    return one === "\u007f" ? "\u2421" : String.fromCharCode(PICTURES + one.charCodeAt(0));
  });

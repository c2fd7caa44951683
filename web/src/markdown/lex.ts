/** Markdown's source to marked's tokens, within bounds: of depth, of length, of what may go wrong. */
import { Lexer, type Links, Marked, type Token, Tokenizer, type TokensList } from "marked";
import remend, { type RemendOptions } from "remend";
import * as maths from "./maths.ts";

const DEEPEST = 30; // quotes in lists in quotes …
const DEEPEST_INLINE = 10; // emphasis in links in emphasis …
const LONGEST = 20_000; // characters of a block that are looked at
const LONGEST_HALF = 4_000; // characters whose half-open marks are completed
const ITEM = /^[ >\t]*(?:[*+-]|\d{1,9}[.)])[ \t]/;
const FENCES = /^[ >\t]*(?:(?:[*+-]|\d{1,9}[.)])[ \t]+)*(?:```|~~~)/gm;
const BARE = /^(?:[^*_`~[\]<>&\\!$@:.\n]|\.(?!\w))*$/; // no mark, and no address
const HALF_DELIMITERS = /\n {0,3}\|[ \t|:-]*$/;
const REMEND: RemendOptions = {
  linkMode: "text-only",
  katex: false,
  inlineKatex: false,
  htmlTags: false,
};

export const NO_LINKS: Links = Object.freeze(Object.create(null));

/** Raw HTML is text: it may hold Markdown, and begins no block. */
class Rules extends Tokenizer {
  override html() {
    return undefined;
  }
}

/** What lies too deep is text. */
class Bounded extends Lexer {
  #blocks = 0;
  #inlines = 0;

  override blockTokens(source: string, tokens?: Token[], clipped?: boolean): Token[];
  override blockTokens(source: string, tokens?: TokensList, clipped?: boolean): TokensList;
  override blockTokens(source: string, tokens: Token[] = [], clipped = false): Token[] {
    if (this.#blocks > DEEPEST) return asText(source, tokens);
    this.#blocks += 1;
    try {
      return super.blockTokens(source, tokens, clipped);
    } finally {
      this.#blocks -= 1;
    }
  }

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    if (this.#inlines > DEEPEST_INLINE) return asText(source, tokens);
    this.#inlines += 1;
    try {
      return super.inlineTokens(source, tokens);
    } finally {
      this.#inlines -= 1;
    }
  }
}

function asText(source: string, tokens: Token[]): Token[] {
  tokens.push({ type: "text", raw: source, text: source });
  return tokens;
}

const plain = new Marked({ gfm: true, breaks: true });
const withMaths = new Marked(
  { gfm: true, breaks: true },
  { extensions: [maths.inLine, maths.block], hooks: { emStrongMask: maths.masked } },
);

function lexer(source: string, links: Links): Lexer {
  const { defaults } = maths.mayHold(source) ? withMaths : plain;
  const made = new Bounded({ ...defaults, tokenizer: new Rules() });
  Object.assign(made.tokens.links, links);
  return made;
}

/** A block's tokens; null where it is to be shown as it is. */
export function lex(source: string, links: Links = NO_LINKS): Token[] | null {
  if (source.length > LONGEST) return null;
  try {
    return lexer(source, links).lex(source);
  } catch {
    return null; // marked's own bug, or a stack that was too small
  }
}

/** The tokens of a line within something, as a table's cell. */
export function lexLine(source: string, links: Links = NO_LINKS): Token[] {
  if (source.length > LONGEST || BARE.test(source)) return asText(source, []);
  try {
    return lexer(source, links).inlineTokens(source);
  } catch {
    return asText(source, []);
  }
}

/** What the source defines for links elsewhere, as in `[label]: https://example.com`. */
export function definitions(source: string): Links {
  if (!source.includes("]:") || source.length > LONGEST) return NO_LINKS;
  try {
    const made = lexer(source, NO_LINKS);
    made.blockTokens(source, made.tokens);
    return made.tokens.links;
  } catch {
    return NO_LINKS;
  }
}

/** Closes what the end of a growing source has left open, so that its marks are not seen. */
export function completed(source: string): string {
  const whole = source.replace(HALF_DELIMITERS, "\n");
  const from = whole.lastIndexOf("\n") + 1;
  const line = whole.slice(from);
  if ((whole.match(FENCES)?.length ?? 0) % 2 === 1) return whole; // within code there are no marks
  const at = ITEM.test(line) ? from : 0;
  if (whole.length - at > LONGEST_HALF) return whole;
  return whole.slice(0, at) + remend(whole.slice(at), REMEND);
}

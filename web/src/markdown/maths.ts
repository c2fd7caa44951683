/** Finds formulas in Markdown: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, but no prices. Draws nothing. */
import type { TokenizerExtension, TokenizerThis, Tokens } from "marked";

const LONGEST = 2_000; // characters in a line's formula
const LONGEST_BLOCK = 10_000;
const PAIRS = { $$: "$$", "\\[": "\\]", "\\(": "\\)" } as const;
const SINGLE = /^\$(?![\s$])((?:\\[^\n]|[^$\\\n])+)\$(?![\d$])/;
const PROSE = /^[^\\]*\p{L}{2,}[^\S\n]+\p{L}{2,}[^\\]*$/u; // words, and none of TeX's
const WORD = /[\p{L}\p{N}$]$/u;
const ANY = /\$|\\[([]/;

export interface Formula {
  raw: string;
  source: string;
  display: boolean;
}

/** Whether there may be a formula in the text. */
export const mayHold = (text: string) => ANY.test(text);

/** The formula at the very beginning of a text; `before` is what stands in front of it. */
export function formula(text: string, before = ""): Formula | null {
  const opener = text.slice(0, 2);
  if (Object.hasOwn(PAIRS, opener)) return paired(text, opener as keyof typeof PAIRS);
  if (text[0] !== "$" || WORD.test(before)) return null;
  const found = SINGLE.exec(text.slice(0, LONGEST));
  const source = found?.[1] ?? "";
  if (!found || /\s$/.test(source) || PROSE.test(source)) return null;
  return { raw: found[0], source, display: false };
}

function paired(text: string, opener: keyof typeof PAIRS): Formula | null {
  const closer = PAIRS[opener];
  const end = text.slice(0, LONGEST).indexOf(closer, 2);
  const source = text.slice(2, end);
  if (end < 0 || !source.trim() || /\n[ \t]*\n/.test(source)) return null;
  return { raw: text.slice(0, end + 2), source: source.trim(), display: opener !== "\\(" };
}

/** A block that is one formula, taken apart; `after` is the full stop or comma that follows it. */
export function whole(block: string): { source: string; after: string } | null {
  const found = /^\s*(\$\$|\\\[)([\s\S]*?)(\$\$|\\\])[ \t]*([.,;:]?)\s*$/.exec(block);
  if (!found || PAIRS[found[1] as keyof typeof PAIRS] !== found[3]) return null;
  return { source: (found[2] ?? "").trim(), after: found[4] ?? "" };
}

/** Hides formulas from the search for emphasis: a text of the same length without their marks. */
export function masked(text: string): string {
  let out = "";
  let from = 0;
  for (let at = next(text, 0); at >= 0; at = next(text, at)) {
    const before = text.slice(Math.max(0, at - 2), at);
    const found = before.endsWith("\\") ? null : formula(text.slice(at, at + LONGEST), before);
    const end = at + (found?.raw.length ?? 1);
    out += text.slice(from, at) + (found ? "a".repeat(found.raw.length) : text.slice(at, end));
    from = end;
    at = end;
  }
  return out + text.slice(from);
}

function next(text: string, from: number): number {
  const found = text.slice(from).search(ANY);
  return found < 0 ? -1 : from + found;
}

export const inLine: TokenizerExtension = {
  name: "formula",
  level: "inline",
  start: (text: string) => {
    const found = text.search(ANY);
    return found < 0 ? undefined : found;
  },
  tokenizer(this: TokenizerThis, text, tokens): Tokens.Generic | undefined {
    const found = formula(text, tokens.at(-1)?.raw);
    return found ? { type: "formula", ...found } : undefined;
  },
};

const BLOCK =
  /^ {0,3}(?:\$\$(?:(?!\$\$)[\s\S])+\$\$|\\\[(?:(?!\\\])[\s\S])+\\\])[ \t]*[.,;:]?[ \t]*(?:\n|$)/;

export const block: TokenizerExtension = {
  name: "formulas",
  level: "block",
  start: (text: string) => {
    const found = text.search(/\n {0,3}(?:\$\$|\\\[)/);
    return found < 0 ? undefined : found + 1;
  },
  tokenizer(this: TokenizerThis, text): Tokens.Generic | undefined {
    if (!/^ {0,3}(?:\$\$|\\\[)/.test(text)) return undefined;
    const raw = BLOCK.exec(text.slice(0, LONGEST_BLOCK))?.[0];
    const found = raw === undefined ? null : whole(raw);
    return raw && found ? { type: "formulas", raw, ...found } : undefined;
  },
};

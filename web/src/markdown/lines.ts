/** What a line of Markdown may begin, told by itself. Knows nothing of the lines around it. */

const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const RULE = /^ {0,3}(?:(?:-[\t ]*){3,}|(?:_[\t ]*){3,}|(?:\*[\t ]*){3,})$/;
const QUOTE = /^ {0,3}>/;
const ITEM = /^( {0,3})([*+-]|\d{1,9}[.)])([ \t]+|$)/;
const INTERRUPTING_ITEM = /^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t]/;
const MAYBE_ITEM = /^ {0,3}(?:[*+-](?:\s|$)|\d{1,9}(?:$|[.)](?:\s|$)))/;
const FENCE = /^( {0,3})(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/;
const DELIMITERS = /^ {0,3}(?:\| *)?:?-+:? *(?:\| *:?-+:? *)*(?:\| *)?$/;
const MATHS = /^ {0,3}(\$\$|\\\[)/;
const MATHS_END = { $$: /\$\$[ \t]*[.,;:]?[ \t]*$/, "\\[": /\\\][ \t]*[.,;:]?[ \t]*$/ } as const;
const CODE = 4; // columns from which a line is code
const TAB = 4;

export type Mark = keyof typeof MATHS_END;

export interface Fence {
  indent: number;
  mark: "`" | "~";
  length: number;
  info: string;
}

export const isBlank = (line: string) => /^[ \t]*$/.test(line);
export const isHeading = (line: string) => HEADING.test(line);
export const isRule = (line: string) => RULE.test(line);
export const isQuote = (line: string) => QUOTE.test(line);
export const isUnderline = (line: string) => UNDERLINE.test(line);
export const isCode = (line: string) => indent(line) >= CODE && !isBlank(line);
export const isDelimiters = (line: string) => /[:|]/.test(line) && DELIMITERS.test(line);

/** Whether a list may begin here although a paragraph has not ended. */
export const interrupts = (line: string) => INTERRUPTING_ITEM.test(line);

/** Whether the beginning of a line may yet become a list's item. */
export const mayBeItem = (line: string) => MAYBE_ITEM.test(line);

/** The columns before the first character. */
export function indent(line: string): number {
  let columns = 0;
  for (const character of line) {
    if (character === " ") columns += 1;
    else if (character === "\t") columns += TAB - (columns % TAB);
    else break;
  }
  return columns;
}

/** Where the text of a list's item begins, in columns, and whether there is any; null: no item. */
export function item(line: string): { column: number; empty: boolean } | null {
  const found = ITEM.exec(line);
  if (!found || isRule(line)) return null;
  const [all, before = "", mark = "", after = ""] = found;
  const marked = before.length + mark.length;
  const empty = all.length === line.length;
  const gap = indent(after);
  return { column: marked + (empty || gap > CODE ? 1 : gap), empty };
}

export function fence(line: string): Fence | null {
  const found = FENCE.exec(line);
  if (!found) return null;
  const marks = found[2] ?? found[4] ?? "";
  const mark = found[2] ? "`" : "~";
  const info = (found[3] ?? found[5] ?? "").trim();
  return { indent: found[1]?.length ?? 0, mark, length: marks.length, info };
}

export function closes(line: string, open: Fence): boolean {
  const found = /^ {0,3}(`+|~+)[ \t]*$/.exec(line)?.[1];
  return found !== undefined && found[0] === open.mark && found.length >= open.length;
}

/** The mark that opens a block of maths, and whether the line also closes it. */
export function maths(line: string): { mark: Mark; closed: boolean } | null {
  const found = MATHS.exec(line);
  const mark = found?.[1] as Mark | undefined;
  if (!found || !mark) return null;
  const rest = line.slice(found[0].length);
  if (endsMaths(rest, mark) && rest.trim().length > 2) return { mark, closed: true };
  return rest.startsWith("$") || rest.includes(endOf(mark)) ? null : { mark, closed: false };
}

export const endOf = (mark: Mark) => (mark === "$$" ? "$$" : "\\]");
export const endsMaths = (line: string, mark: Mark) => MATHS_END[mark].test(line);

/** A block of code, from its source: what stands between the fences, and pieces to draw it by. */
import * as lines from "./lines.ts";

const SHORT = 120; // lines from which a piece ends where a definition seems to
const LONG = 200; // lines at which it ends wherever that is
const WIDE = 4_000; // characters of a line that are drawn as one
const NEAR = 200; // characters
const MOST = 60_000; // characters, and
const MOST_LINES = 2_000; // lines, up to which code is coloured

export interface Code {
  info: string;
  text: string;
}

/** What a block that begins with a fence holds. `open`: its end is still being written. */
export function fenced(source: string, open: boolean): Code {
  const end = source.indexOf("\n");
  const first = end < 0 ? source : source.slice(0, end);
  const fence = lines.fence(first);
  if (!fence || end < 0) return { info: fence?.info ?? "", text: "" };
  const body = source.slice(end + 1).replace(/\n$/, "");
  const last = body.slice(body.lastIndexOf("\n") + 1);
  const closed = lines.closes(last, fence) || (open && /^ {0,3}(?:`+|~+)$/.test(last));
  const text = closed ? body.slice(0, Math.max(0, body.length - last.length - 1)) : body;
  return { info: fence.info, text: fence.indent > 0 ? outdented(text, fence.indent) : text };
}

const outdented = (text: string, columns: number) =>
  text.replace(new RegExp(`^ {1,${columns}}`, "gm"), "");

/** Whether code is short enough to be coloured. */
export function isShort(text: string): boolean {
  if (text.length > MOST) return false;
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count < MOST_LINES;
}

/** The text in pieces, the same ones for the same beginning: where it grows, only the last does.
 * They are preferred to end before a line at the margin that follows an empty one, so that what is
 * coloured by the piece is hardly ever coloured wrong. A very long line is cut: browsers need long
 * for those, and need it again for each character that is added. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  let count = 0;
  let empty = false; // the line before was
  const cut = (at: number) => {
    found.push(text.slice(from, at));
    from = at;
    count = 0;
  };
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (from < at && ends(text, at, count, empty && end > at)) cut(at);
    while (end - Math.max(from, at) > WIDE) cut(within(text, Math.max(from, at) + WIDE));
    empty = end === at;
    count += 1;
    at = end + 1;
  }
  found.push(text.slice(from));
  return found;
}

/** Whether a piece ends before the line at `at`; `opens`: an empty line is before it. */
function ends(text: string, at: number, count: number, opens: boolean): boolean {
  return count >= LONG || (count >= SHORT && opens && !/[\s})\]]/.test(text[at] ?? ""));
}

/** A place to cut a long line at: after a space that is near, never within a character. */
function within(text: string, at: number): number {
  const space = text.lastIndexOf(" ", at - 1) + 1;
  if (space > at - NEAR) return space;
  return /[\udc00-\udfff]/.test(text[at] ?? "") ? at - 1 : at;
}

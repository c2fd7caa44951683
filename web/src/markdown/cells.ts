/** The rows of a table, from lines to cells: as GitHub's Markdown cuts them. */

export type Align = "left" | "center" | "right" | null;

/** The cells of a row, made as many as there are columns. */
export function cells(line: string, columns?: number): string[] {
  const found = cut(line).map((cell) => cell.trim().replaceAll("\\|", "|"));
  if (columns === undefined) return found;
  found.length = Math.min(found.length, columns);
  while (found.length < columns) found.push("");
  return found;
}

function cut(line: string): string[] {
  const found: string[] = [];
  const text = line.trim();
  let from = text.startsWith("|") ? 1 : 0;
  for (let at = text.indexOf("|", from); at >= 0; at = text.indexOf("|", at + 1)) {
    if (escaped(text, at)) continue;
    found.push(text.slice(from, at));
    from = at + 1;
  }
  const last = text.slice(from);
  if (last.trim() || found.length === 0) found.push(last);
  return found;
}

function escaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before -= 1;
  return (at - before) % 2 === 1;
}

export function alignments(delimiters: string): Align[] {
  return cells(delimiters).map((cell) => {
    const left = cell.startsWith(":");
    const right = cell.endsWith(":");
    if (left && right) return "center";
    if (right) return "right";
    return left ? "left" : null;
  });
}

/** Whether the two lines are a table's head. */
export const heads = (line: string, delimiters: string) =>
  cells(line).length === cells(delimiters).length;

export interface Lines {
  /** Pieces of the rows' source, of `size` lines each, but for the last. */
  pieces: string[];
  /** How many rows there are, shown or not. */
  count: number;
}

/** Cuts the source of a table's rows into pieces, no more than hold `most` rows. */
export function rows(source: string, most: number, size: number): Lines {
  const pieces: string[] = [];
  let count = 0;
  let from = 0; // where the next piece begins
  let shown = 0; // where the last row ends that is wanted
  for (let at = 0; at < source.length; ) {
    const end = source.indexOf("\n", at);
    const next = end < 0 ? source.length : end + 1;
    if (!source.slice(at, next).trim()) break;
    count += 1;
    at = next;
    if (count > most) continue;
    shown = at;
    if (count % size > 0) continue;
    pieces.push(source.slice(from, at));
    from = at;
  }
  if (shown > from) pieces.push(source.slice(from, shown));
  return { pieces, count };
}

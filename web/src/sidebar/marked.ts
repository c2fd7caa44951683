/** A snippet in pieces, of which some are the words that were looked for. Pure. */

export interface Piece {
  text: string;
  match: boolean;
  /** Where it begins, in code points. */
  at: number;
}

/** `matches` are start and end in code points, in order, the ends not included. */
export function marked(snippet: string, matches: readonly (readonly [number, number])[]): Piece[] {
  const points = [...snippet]; // by code points, as the server counts
  const pieces: Piece[] = [];
  let from = 0;
  const push = (to: number, match: boolean) => {
    if (to > from) pieces.push({ text: points.slice(from, to).join(""), match, at: from });
    from = Math.max(from, to);
  };
  for (const [start, end] of matches) {
    push(start, false);
    push(end, true);
  }
  push(points.length, false);
  return pieces;
}

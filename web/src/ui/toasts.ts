/**
 * Short notes at the edge of the page: whoever has something to say says it here. What shows them
 * is loaded with the first one.
 */

export interface Note {
  text: string;
  /** It is what went wrong. */
  bad?: boolean;
  /** Takes back what was done. */
  undo?: () => void;
}

const waiting: Note[] = [];
const heard = new Set<() => void>();
let show: ((note: Note) => void) | null = null;

export function toast(text: string, options: Omit<Note, "text"> = {}): void {
  const note = { text, ...options };
  if (show) {
    show(note);
    return;
  }
  waiting.push(note);
  for (const hear of heard) hear();
}

/** Whether there is something to show that has nobody who shows it. */
export const wanted = () => show !== null || waiting.length > 0;

export function subscribe(hear: () => void): () => void {
  heard.add(hear);
  return () => heard.delete(hear);
}

/** From now on notes are shown like that, the ones that wait first. */
export function showing(how: (note: Note) => void): () => void {
  show = how;
  for (const note of waiting.splice(0)) how(note);
  return () => {
    show = null;
  };
}

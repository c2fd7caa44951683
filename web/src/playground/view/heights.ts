/** How high a line of the events is. It is known, not measured: measuring makes a page busy. */
import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 40rem)"; // as in Events.module.css, where figures stand above the text
const LINE = 1.1875; // rem
const AROUND = 9; // px of padding and border
const MOST = 4; // lines of an event that is closed

export function useHeights(): (text: string) => number {
  const narrow = useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
  const line = LINE * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return (text) => AROUND + line * (Math.min(MOST, linesOf(text)) + (narrow ? 1 : 0));
}

const linesOf = (text: string): number => text.split("\n").length;

function subscribe(hear: () => void): () => void {
  const media = matchMedia(NARROW);
  media.addEventListener("change", hear);
  return () => media.removeEventListener("change", hear);
}

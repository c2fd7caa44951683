/** Draws formulas. Loaded, with its fonts and styles, when the first formula is complete. */
import katex from "katex";
import "katex/dist/katex.min.css";

const LONGEST = 3_000; // characters
const DEEPEST = 30; // braces in braces
const DEEPEST_DRAWN = 150; // elements in elements: thousands of them crash a browser
const MOST_DRAWN = 4_000; // elements

/** What the formula looks like; null where it is wrong, or too much. */
export function typeset(source: string, display: boolean): Node[] | null {
  if (source.length > LONGEST || depth(source) > DEEPEST) return null;
  const place = document.createElement("span");
  try {
    katex.render(source, place, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxExpand: 300,
      maxSize: 20,
    });
    return isModest(place) ? [...place.childNodes] : null;
  } catch {
    return null; // its own errors, and a stack that was too small for its nesting
  }
}

function depth(source: string): number {
  let deepest = 0;
  let now = 0;
  for (const character of source) {
    if (character === "{") now += 1;
    else if (character === "}") now -= 1;
    deepest = Math.max(deepest, now);
  }
  return deepest;
}

function isModest(place: HTMLElement): boolean {
  let row: Element[] = [place];
  let count = 0;
  for (let level = 0; row.length > 0; level += 1) {
    count += row.length;
    if (level > DEEPEST_DRAWN || count > MOST_DRAWN) return false;
    row = row.flatMap((element) => [...element.children]);
  }
  return true;
}

/** Markdown so far, as sentences to be heard: for a live region. Pure. */
import { cells } from "./cells.ts";
import { decoded } from "./entities.ts";
import * as lines from "./lines.ts";

export interface Heard {
  sentences: string[];
  /** Where to go on, once there is more text. */
  position: number;
}

/** What is said in place of what cannot be heard. */
export interface Words {
  code: (language: string) => string;
  image: (alt: string) => string;
  formula: string;
}

const ENGLISH: Words = {
  code: (language) => (language ? `Code block, ${language}.` : "Code block."),
  image: (alt) => (alt ? `image: ${alt}` : "image"),
  formula: "Formula.",
};

const CLOSERS = "\"'”’»)\\]」』）*_~`";
const END = new RegExp(
  `[.!?…]+[${CLOSERS}]*(?=\\s)|[。！？｡]+[${CLOSERS}]*(?=[^${CLOSERS}。！？｡])`,
  "gu",
);
const SHORT = /(?:^|[\s(])(?:e\.g|i\.e|vs|cf|Mr|Mrs|Ms|Dr|Prof|St|No|TP|TS|ThS|PGS|\p{Lu})$/u;
const UNDECIDED = /^\s*(?:[|`~$\\]|[#>*+-]*\s*$|\d{1,9}[.)]?\s*$)/; // what its end may yet show
const MARKERS =
  /^(?:[ \t]*(?:>[ \t]?|(?:[*+-]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}(?:[ \t]+|$)))+/;
const ENDED = /[.!?…:;,。！？｡：；，、]["'”’»)\]」』）]*$/u;

interface Line {
  text: string;
  start: number;
  next: number; // where the line after it begins
  complete: boolean;
}

/** The sentences of `text` that are complete, from `position` on. A line's end ends one; so give
 * the whole text with a line's end behind it once no more will come. */
export function sentences(text: string, position = 0, words: Words = ENGLISH): Heard {
  const heard: Heard = { sentences: [], position };
  let within: lines.Fence | lines.Mark | null = null;
  for (const line of linesOf(text)) {
    const before: typeof within = within;
    if (line.complete) within = inside(line.text, within);
    if (line.next <= position) continue;
    const more =
      before || within
        ? enclosed(line, before ? null : within, words)
        : prose(line, Math.max(line.start, position), words);
    heard.sentences.push(...more.sentences);
    heard.position = Math.max(position, more.position);
  }
  return heard;
}

function* linesOf(text: string): Generator<Line> {
  for (let start = 0, next = 0; start < text.length; start = next) {
    const end = text.indexOf("\n", start);
    const complete = end >= 0;
    next = complete ? end + 1 : text.length;
    yield { text: text.slice(start, complete ? end : next), start, next, complete };
  }
}

/** A line of a block of code or of maths, which is told of where it opens. */
function enclosed(line: Line, opened: lines.Fence | lines.Mark | null, words: Words): Heard {
  if (!line.complete) return { sentences: [], position: line.start };
  return { sentences: opened ? [announced(opened, words)] : [], position: line.next };
}

function prose(line: Line, from: number, words: Words): Heard {
  const text = line.text.slice(from - line.start);
  if (from > line.start) return told(text, from, line, words);
  if (line.complete && silent(text)) return { sentences: [], position: line.next };
  if (line.complete && lines.maths(text)?.closed) {
    return { sentences: [words.formula], position: line.next };
  }
  const markers = MARKERS.exec(text)?.[0].length ?? 0;
  const rest = text.slice(markers);
  if (!line.complete && UNDECIDED.test(rest)) return { sentences: [], position: line.start };
  const row = rest.trimStart().startsWith("|");
  return told(row ? cells(rest).filter(Boolean).join(", ") : rest, from + markers, line, words);
}

/** The sentences of a text that is at `from`, in a line. */
function told(text: string, from: number, line: Line, words: Words): Heard {
  const ends = [0, ...cuts(text)];
  if (line.complete) ends.push(text.length);
  else if (ends.length === 1) return { sentences: [], position: line.start };
  const found = ends.slice(1).map((end, index) => plain(text.slice(ends[index], end), words));
  return {
    sentences: found.filter((one) => /[\p{L}\p{N}\p{S}]/u.test(one)).map(ended),
    position: line.complete ? line.next : from + (ends.at(-1) ?? 0),
  };
}

const silent = (line: string) =>
  lines.isRule(line) || lines.isDelimiters(line) || lines.isUnderline(line);
const ended = (sentence: string) => (ENDED.test(sentence) ? sentence : `${sentence}.`);

/** What the next line is in, after this one: a block of code, one of maths, or neither. */
function inside(line: string, within: lines.Fence | lines.Mark | null) {
  if (typeof within === "string") {
    return lines.isBlank(line) || lines.endsMaths(line, within) ? null : within;
  }
  if (within) return lines.closes(line.trimStart(), within) ? null : within;
  const bare = line.replace(MARKERS, "").trimStart();
  const maths = lines.maths(bare);
  return lines.fence(bare) ?? (maths && !maths.closed ? maths.mark : null);
}

function announced(within: lines.Fence | lines.Mark, words: Words): string {
  if (typeof within === "string") return words.formula;
  return words.code(within.info.split(/\s/, 1)[0] ?? "");
}

/** Where sentences end in a line. */
function cuts(line: string): number[] {
  const found: number[] = [];
  for (const end of line.matchAll(END)) {
    if (end[0].startsWith(".") && SHORT.test(line.slice(Math.max(0, end.index - 8), end.index))) {
      continue;
    }
    found.push(end.index + end[0].length);
  }
  return found;
}

/** A piece of a line without its marks. */
function plain(text: string, words: Words): string {
  const bare = text
    .replace(/!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?/g, (_, alt: string) => words.image(alt))
    .replace(/\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replace(/<((?:https?:|mailto:)[^\s<>]*)>/g, "$1")
    .replace(/<\/?[a-zA-Z][^<>]*>/g, " ")
    .replace(/\*{2,}|_{2,}|~~|`+/g, "")
    .replace(/(^|[^\p{L}\p{N}\\])[*_](?=\S)|(?<=[^\s\\])[*_](?![\p{L}\p{N}])/gu, "$1")
    .replace(/\\([!-/:-@[-`{-~])/g, "$1");
  return decoded(bare).replace(/\s+/g, " ").trim();
}

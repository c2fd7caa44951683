/** Any text as a literal of a language: what is copied means what was typed. Pure. */
import type { Json } from "../ways/shapes.ts";

// What is not seen, or turns the text around it: C1, marks of direction, separators.
const UNSEEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const LONG = 64; // characters of a value beyond which it stands on lines of its own

/** JSON on one line. */
export const json = (value: Json): string => escaped(JSON.stringify(value));

/** For a POSIX shell: nothing is special between single quotes but the quote itself. */
export const shell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** For JavaScript; further lines are indented so far. */
export function javascript(value: Json, indent = 0): string {
  const short = escaped(JSON.stringify(value));
  if (short.length <= LONG || typeof value !== "object") return spaced(value, short);
  return moved(escaped(JSON.stringify(value, null, 2)), indent);
}

/** For Python; further lines are indented so far. */
export function python(value: Json, indent = 0): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return escaped(JSON.stringify(value));
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const short = `${open}${parts(value, 0).join(", ")}${close}`;
  if (short.length <= LONG) return short;
  const inside = " ".repeat(indent + 4);
  const lines = parts(value, indent + 4).map((part) => `${inside}${part},\n`);
  return `${open}\n${lines.join("")}${" ".repeat(indent)}${close}`;
}

const parts = (value: Json[] | { [name: string]: Json }, indent: number): string[] =>
  Array.isArray(value)
    ? value.map((one) => python(one, indent))
    : Object.entries(value).map(([name, one]) => `${python(name)}: ${python(one, indent)}`);

const escaped = (text: string): string =>
  text.replace(UNSEEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);

const spaced = (value: Json, short: string): string =>
  typeof value === "object" && value !== null ? moved(inline(value), 0) : short;

function inline(value: Json): string {
  if (typeof value !== "object" || value === null) return escaped(JSON.stringify(value));
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  const all = Object.entries(value).map(([name, one]) => `${json(name)}: ${inline(one)}`);
  return all.length ? `{ ${all.join(", ")} }` : "{}";
}

const moved = (text: string, indent: number): string =>
  text.replaceAll("\n", `\n${" ".repeat(indent)}`);

/** Colours code. Loaded when the first block of code is complete, with all the languages we know. */
import type { ElementContent } from "hast";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import pythonRepl from "highlight.js/lib/languages/python-repl";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import { LOOKS, type Look, type Run } from "./looks.ts";

const lowlight = createLowlight({
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  markdown,
  php,
  python,
  "python-repl": pythonRepl,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
});

/** The text in runs of one look each; null when the language is not known. */
export function highlight(text: string, language: string): Run[] | null {
  if (!lowlight.registered(language)) return null;
  const runs: Run[] = [];
  walk(lowlight.highlight(language, text, { prefix: "" }).children as ElementContent[], null, runs);
  return runs;
}

function walk(nodes: ElementContent[], look: Look | null, runs: Run[]): void {
  for (const node of nodes) {
    if (node.type === "text") add(runs, node.value, look);
    else if (node.type === "element") walk(node.children, lookOf(node.properties) ?? look, runs);
  }
}

function lookOf(properties: { className?: unknown }): Look | undefined {
  const names = properties.className;
  return Array.isArray(names) ? LOOKS.get(String(names[0])) : undefined;
}

function add(runs: Run[], text: string, look: Look | null): void {
  const last = runs.at(-1);
  if (last && last.look === look) last.text += text;
  else runs.push({ text, look });
}

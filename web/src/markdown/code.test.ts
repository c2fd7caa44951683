import assert from "node:assert/strict";
import { test } from "node:test";
import { fenced, isShort, pieces } from "./code.ts";
import { highlight } from "./highlight.ts";
import { language } from "./languages.ts";

const FENCED: [string, string, boolean, string, string][] = [
  ["a closed block", "```py\na\n\nb\n```\n", false, "py", "a\n\nb"],
  ["one that nothing closes", "```\na\n", false, "", "a"],
  ["an empty one", "```js\n```\n", false, "js", ""],
  ["its head alone", "```js", true, "js", ""],
  ["the half of an end", "```\na\n``", true, "", "a"],
  ["marks that do not end it", "````\n```\n````\n", false, "", "```"],
  ["tildes", "~~~ a b\nx\n~~~~\n", false, "a b", "x"],
  ["an indented one", "  ```\n  a\n    b\n c\n  ```\n", false, "", "a\n  b\nc"],
];

for (const [name, source, open, info, text] of FENCED) {
  test(`of ${name} the code is taken`, () =>
    assert.deepEqual(fenced(source, open), { info, text }));
}

test("pieces are the whole text, and all but the last stay as it grows", () => {
  const lines = Array.from({ length: 700 }, (_, line) => (line % 7 ? `  line ${line}` : ""));
  const text = `${lines.join("\n")}\n${"word ".repeat(3_000)}\n${"😀".repeat(5_000)}\nend`;
  const whole = pieces(text);
  assert.equal(whole.join(""), text);
  assert.ok(whole.length > 8);
  for (let at = 0; at < text.length; at += 97) {
    const now = pieces(text.slice(0, at));
    assert.deepEqual(now.slice(0, -1), whole.slice(0, now.length - 1));
  }
  assert.ok(whole.every((piece) => piece.isWellFormed()));
});

test("short code is one piece, and a long one is cut where a definition begins", () => {
  const short = "def f():\n    pass\n\n".repeat(40);
  assert.equal(pieces(short).length, 1);
  const cut = pieces("def f():\n    pass\n\n".repeat(100));
  assert.ok(cut.length > 1 && cut.every((piece) => piece.startsWith("def")));
});

test("code is coloured up to a length", () => {
  assert.equal(isShort("a\n".repeat(1_999)), true);
  assert.equal(isShort("a\n".repeat(2_001)), false);
  assert.equal(isShort("a".repeat(60_001)), false);
});

const NAMES: [string, string | null, string][] = [
  ["python", "python", "Python"],
  ["PY title=x", "python", "Python"],
  ["{.js}", "javascript", "JavaScript"],
  ["language-c++", "cpp", "C++"],
  ["toml", "ini", "TOML"],
  ["mermaid", null, "mermaid"],
  ["text", null, ""],
  ["", null, ""],
  ["__proto__", null, "__proto__"],
  ["constructor", null, "constructor"],
];

for (const [info, id, name] of NAMES) {
  test(`${info || "nothing"} names a language`, () =>
    assert.deepEqual(language(info), { id, name }));
}

test("highlighting leaves the text as it is, and knows no names that objects have", () => {
  const text = 'def f(x: int) -> str:\n    return f"{x}" # why\n';
  const runs = highlight(text, "python") ?? [];
  assert.equal(runs.map((run) => run.text).join(""), text);
  assert.deepEqual(runs[0], { text: "def", look: "keyword" });
  assert.equal(highlight(text, "constructor"), null);
  assert.equal(highlight(text, "__proto__"), null);
});

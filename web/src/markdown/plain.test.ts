import assert from "node:assert/strict";
import { test } from "node:test";
import { sentences } from "./plain.ts";

const CASES: [string, string, string[]][] = [
  ["nothing yet", "Hel", []],
  ["a sentence, not the one begun", "Hello there. How are", ["Hello there."]],
  ["no end at a decimal", "It is 3.14 and more", []],
  ["no end at an abbreviation", "Fruit, e.g. apples, Dr. Who", []],
  ["Vietnamese", "Xin chào! Bạn khỏe không? Tôi", ["Xin chào!", "Bạn khỏe không?"]],
  ["Chinese, without spaces", "你好。今天好吗？我", ["你好。", "今天好吗？"]],
  ["Japanese quotes", "「はい。」と", ["「はい。」"]],
  [
    "headings and items",
    "# A title\n- one\n- [x] two\n1. three\n",
    ["A title.", "one.", "two.", "three."],
  ],
  ["quotes", "> > said\n", ["said."]],
  [
    "marks and links",
    "A **bold** _word_, `code`, [a link](http://x.y/z).\n",
    ["A bold word, code, a link."],
  ],
  ["what is no mark", "snake_case * 2 \\*\n", ["snake_case * 2 *."]],
  ["images", "![a cat](http://x.y)\n", ["image: a cat."]],
  ["tables", "| a | b |\n|---|:-:|\n| 1 | 2 |\n", ["a, b.", "1, 2."]],
  ["code, by its language", "So:\n```python\nprint(1). Or\n", ["So:", "Code block, python."]],
  ["what follows code", "```\nx. y\n```\nDone. ", ["Code block.", "Done."]],
  ["code in an item", "- a\n  ```js\n  x. y z\n  ```\n- b\n", ["a.", "Code block, js.", "b."]],
  ["maths", "Then\n$$\nx. y\n$$\nand\n", ["Then.", "Formula.", "and."]],
  ["rules and blank lines", "a\n\n***\n\nb\n", ["a.", "b."]],
  ["entities and tags", "a &lt; b<br>c\n", ["a < b c."]],
  ["an unfinished row or fence", "| a. b", []],
];

for (const [name, text, expected] of CASES) {
  test(`it hears ${name}`, () => assert.deepEqual(sentences(text, 0).sentences, expected));
}

test("nothing is heard twice and nothing is left out, in whatever pieces the text arrives", () => {
  const text = `${CASES.map(([, one]) => one.trimEnd()).join("\n\n")}\n\n`.replace(
    /```\n\n(?=.)/g,
    "```\n",
  );
  const whole = sentences(text, 0).sentences;
  for (const step of [1, 2, 3, 7, 50]) {
    const heard: string[] = [];
    let position = 0;
    for (let at = 0; at < text.length + step; at += step) {
      const next = sentences(text.slice(0, at), position);
      heard.push(...next.sentences);
      position = next.position;
    }
    assert.deepEqual(heard, whole);
  }
});

test("what a listener's language says of code can be given", () => {
  const words = { code: (name: string) => `Khối mã ${name}.`, image: () => "", formula: "" };
  assert.deepEqual(sentences("```js\n", 0, words).sentences, ["Khối mã js."]);
});

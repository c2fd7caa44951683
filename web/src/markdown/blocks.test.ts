import assert from "node:assert/strict";
import { test } from "node:test";
import { Blocks } from "./blocks.ts";

const flat = (blocks: Blocks, text: string, open: boolean) =>
  blocks
    .read(text, open)
    .flat()
    .map(({ key, kind, source, open, links }) => ({
      key,
      kind,
      source,
      open,
      links: { ...links },
    }));

const cut = (text: string, open = false) =>
  new Blocks()
    .read(text, open)
    .flat()
    .map(({ kind, source }) => [kind, source]);

const SAMPLE = `# A heading
A paragraph that goes
on, with a [reference][later] and [another].
Setext
---
Code follows:
\`\`\`py
def f():

    return "# no heading"
\`\`\`
~~~~
~~~
\`\`\`
~~~~
1. one

   more of one
2. two
   - nested

     deep
   \`\`\`js
   1

   2
   \`\`\`
10. ten

11

- other list
text, lazily

after it
> a quote
lazily
> # in it

> another quote

A table:
| a | b |
|---|:-:|
| 1 | 2 |
| 3 | \`|\` |
- ends it

$$
x^2

y
$$
That costs $$ nothing $$ here
$$ z $$.
$$
not closed $$ properly
\\[
a
\\]
***

    indented

    code
[later]: https://example.com/later
    "its title"
[another]: <https://example.com/another>

-

  no item
- \r
 last
$$
never closed`;

function cutAnywhere(text: string, where: (at: number) => boolean = () => true): void {
  const whole = flat(new Blocks(), text, false);
  for (let at = 0; at <= text.length; at += 1) {
    if (!where(at)) continue;
    const blocks = new Blocks();
    blocks.read(text.slice(0, at), true);
    assert.deepEqual(flat(blocks, text, false), whole, `cut at ${at}`);
  }
}

test("a text that arrives in two pieces is cut as the whole is, wherever the pieces meet", () => {
  cutAnywhere(SAMPLE);
});

test("so is one whose line ends are cut in half", () => {
  const text = SAMPLE.replaceAll("\n", "\r\n");
  cutAnywhere(text, (at) => text[at - 1] === "\r");
});

test("a text that arrives by the character is cut as the whole is, and what is final stays", () => {
  const blocks = new Blocks();
  let before: { source: string; open: boolean }[] = [];
  for (let at = 0; at <= SAMPLE.length; at += 1) {
    const now = flat(blocks, SAMPLE.slice(0, at), true);
    const final = before.filter((block) => !block.open);
    assert.deepEqual(
      now.slice(0, final.length).map((block) => block.source),
      final.map((block) => block.source),
    );
    before = now;
  }
  assert.deepEqual(flat(blocks, SAMPLE, false), flat(new Blocks(), SAMPLE, false));
});

const CUTS: [string, string, [string, string][]][] = [
  ["nothing", "", []],
  ["blank lines", "\n \n\t\n", []],
  [
    "paragraphs",
    "a\nb\n\nc",
    [
      ["flow", "a\nb\n\n"],
      ["flow", "c\n"],
    ],
  ],
  [
    "a heading, which needs no blank line",
    "# a\nb",
    [
      ["flow", "# a\n"],
      ["flow", "b\n"],
    ],
  ],
  ["an underlined heading", "a\n===\n", [["flow", "a\n===\n"]]],
  [
    "a fence right after a paragraph",
    "a:\n```\n# b\n\nc\n```\nd",
    [
      ["flow", "a:\n"],
      ["fence", "```\n# b\n\nc\n```\n"],
      ["flow", "d\n"],
    ],
  ],
  ["a fence that nothing closes", "````\n```\na\n", [["fence", "````\n```\na\n"]]],
  ["a loose list", "- a\n\n- b\n\n  c\n", [["flow", "- a\n\n- b\n\n  c\n"]]],
  [
    "a list and what it does not hold",
    "1. a\n\nb\n\n2. c",
    [
      ["flow", "1. a\n\n"],
      ["flow", "b\n\n"],
      ["flow", "2. c\n"],
    ],
  ],
  [
    "a fence between items, at the margin",
    "1. a\n```\n\nb\n```\n2. c",
    [
      ["flow", "1. a\n"],
      ["fence", "```\n\nb\n```\n"],
      ["flow", "2. c\n"],
    ],
  ],
  [
    "a fence in an item",
    "1. a\n   ```\n\n   b\n   ```\n",
    [["flow", "1. a\n   ```\n\n   b\n   ```\n"]],
  ],
  ["a lazy quote", "> a\nb\n", [["flow", "> a\nb\n"]]],
  [
    "a table after a line of text",
    "a\n|b|c|\n|-|-|\n|d|e|\n\nf",
    [
      ["flow", "a\n"],
      ["table", "|b|c|\n|-|-|\n|d|e|\n\n"],
      ["flow", "f\n"],
    ],
  ],
  ["lines that only look like a table", "|a|b|\n|-|\n", [["flow", "|a|b|\n|-|\n"]]],
  [
    "maths with a blank line",
    "a\n$$\nb\n\nc\n$$\nd",
    [
      ["flow", "a\n"],
      ["maths", "$$\nb\n\nc\n$$\n"],
      ["flow", "d\n"],
    ],
  ],
  [
    "maths in one line",
    "$$a$$\n\\[b\\],\n",
    [
      ["maths", "$$a$$\n"],
      ["maths", "\\[b\\],\n"],
    ],
  ],
  [
    "maths that nothing closes",
    "$$\na\n\nb",
    [
      ["flow", "$$\na\n\n"],
      ["flow", "b\n"],
    ],
  ],
  [
    "a price",
    "$$$ is dear\n\na",
    [
      ["flow", "$$$ is dear\n\n"],
      ["flow", "a\n"],
    ],
  ],
];

for (const [name, text, expected] of CUTS) {
  test(`it cuts ${name}`, () => assert.deepEqual(cut(text), expected));
}

const OPEN: [string, string, [string, string]][] = [
  ["a fence", "a\n\n```py\nb\n\nc", ["fence", "```py\nb\n\nc"]],
  ["maths", "$$\na\n\nb", ["maths", "$$\na\n\nb"]],
  ["a list that may go on", "a\n\n1. b\n\n2", ["flow", "1. b\n\n2"]],
  ["a table's last row", "|a|\n|-|\n|b|\n|c", ["table", "|a|\n|-|\n|b|\n|c"]],
  ["what follows a list", "- a\n\n**b", ["flow", "**b"]],
];

for (const [name, text, last] of OPEN) {
  test(`the open end is ${name}`, () => assert.deepEqual(cut(text, true).at(-1), last));
}

test("a block is the same object until a link of its is defined, and then only it changes", () => {
  const blocks = new Blocks();
  const text = "one [a]\n\ntwo [b] [x](y)\n\n";
  const [one, two] = blocks.read(text, true).flat();
  const later = blocks.read(`${text}[B]: https://example.com\n\nend`, true).flat();
  assert.equal(later[0], one);
  assert.notEqual(later[1], two);
  assert.deepEqual(
    { ...later[1]?.links },
    { b: { href: "https://example.com", title: undefined } },
  );
});

test("groups that are full stay the same objects", () => {
  const blocks = new Blocks();
  const text = "a\n\n".repeat(70);
  const before = [...blocks.read(text, true)];
  const after = blocks.read(`${text}b`, true);
  assert.deepEqual(
    after.map((group, index) => group === before[index]),
    [true, true, false],
  );
});

test("a text that is not the former grown is read from its beginning", () => {
  const blocks = new Blocks();
  blocks.read("a\n\nb", true);
  assert.deepEqual(flat(blocks, "c", false), flat(new Blocks(), "c", false));
  assert.deepEqual(flat(blocks, "cd", false), flat(new Blocks(), "cd", false));
});

test("labels named as what every object has define nothing", () => {
  const [block] = new Blocks().read("[constructor] [__proto__] [toString]\n\n", false).flat();
  assert.deepEqual(Object.keys(block?.links ?? {}), []);
});

test("line ends are newlines, and what cannot be shown is replaced", () => {
  const shown = "a\nb\nc\nd\ufffd\u241b[31m\n";
  assert.deepEqual(cut("a\r\nb\rc\u2028d\0\u001b[31m"), [["flow", shown]]);
});

test("long lists are cut between items", () => {
  const pieces = cut("- an item of some length\n".repeat(1000));
  assert.ok(pieces.length > 1 && pieces.every(([, source]) => (source?.length ?? 0) < 9000));
});

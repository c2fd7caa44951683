import assert from "node:assert/strict";
import { test } from "node:test";
import type { Token } from "marked";
import { completed, definitions, lex, lexLine } from "./lex.ts";

const HALVES: [string, string, string][] = [
  ["bold", "a **b", "a **b**"],
  ["code", "a `b", "a `b`"],
  ["a link", "a [b](https://exa", "a b"],
  ["the last of a list's items", "- **a\n- **b", "- **a\n- **b**"],
  ["nothing within code", "- a\n  ```\n  **b", "- a\n  ```\n  **b"],
  ["nothing of prices", "$5 and", "$5 and"],
  ["a table's second line", "| a |\n|--", "| a |\n"],
];

for (const [name, source, expected] of HALVES) {
  test(`it completes ${name}`, () => assert.equal(completed(source), expected));
}

const depth = (tokens: Token[] = []): number =>
  tokens.length === 0
    ? 0
    : 1 +
      Math.max(
        ...tokens.map((token) => {
          const items = "items" in token ? (token.items as Token[]) : [];
          return depth([...(("tokens" in token && token.tokens) || []), ...items]);
        }),
      );

const DEEP: [string, string][] = [
  ["quotes", `${"> ".repeat(500)}a`],
  ["lists", `${"- ".repeat(500)}a`],
  ["emphasis", "*a **b ".repeat(500) + "c** d*".repeat(500)],
  ["links", `${"[".repeat(500)}a${"](b)".repeat(500)}`],
];

for (const [name, source] of DEEP) {
  test(`${name} in ${name} are lexed to a depth`, () => {
    const tokens = lex(source);
    assert.ok(tokens && depth(tokens) < 120);
  });
}

test("a block that is too long is not lexed", () => assert.equal(lex("a ".repeat(20_000)), null));

test("HTML begins no block, and holds Markdown", () => {
  const types = lex("<div>\n\n**a**\n</div>\n<script>\n")?.map((token) => token.type);
  assert.deepEqual(types, ["paragraph", "space", "paragraph"]);
});

test("formulas are tokens of their own, and no emphasis ends in them", () => {
  const [token] = lex("**a $x^*$ b** and $5 or $6") ?? [];
  assert.ok(token && "tokens" in token);
  assert.deepEqual(
    token.tokens?.map(({ type, raw }) => [type, raw]),
    [
      ["strong", "**a $x^*$ b**"],
      ["text", " and $5 or $6"],
    ],
  );
  assert.equal(lex("- a\n  $$\n  x\n  $$\n")?.[0]?.type, "list");
  assert.match(JSON.stringify(lex("- a\n  $$\n  x\n  $$\n")), /"type":"formulas"/);
});

test("a cell's text is lexed as a line, with links that are defined elsewhere", () => {
  const links = definitions("[a]: https://example.com\n");
  assert.deepEqual(
    lexLine("x [a]", links).map(({ type }) => type),
    ["text", "link"],
  );
  assert.deepEqual(lexLine("1,234 words"), [
    { type: "text", raw: "1,234 words", text: "1,234 words" },
  ]);
  assert.equal(lexLine("www.example.com")[0]?.type, "link");
});

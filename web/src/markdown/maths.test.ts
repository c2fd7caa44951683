import assert from "node:assert/strict";
import { test } from "node:test";
import { type Formula, formula, masked, whole } from "./maths.ts";

const FOUND: [string, Partial<Formula>][] = [
  ["$x$ and", { raw: "$x$", source: "x", display: false }],
  ["$a_{i}\\$b$.", { source: "a_{i}\\$b" }],
  ["$n$th", { source: "n" }],
  ["$x \\text{ if both hold}$", { source: "x \\text{ if both hold}" }],
  ["\\(x + \\frac{1}{2}\\) so", { source: "x + \\frac{1}{2}", display: false }],
  ["\\[ x \\]", { source: "x", display: true }],
  ["$$ x\ny $$", { source: "x\ny", display: true }],
];

for (const [text, expected] of FOUND) {
  test(`${JSON.stringify(text)} begins with a formula`, () => {
    const found = formula(text);
    assert.ok(found);
    assert.deepEqual({ ...found, ...expected }, found);
  });
}

const NONE = [
  "$5 and $10",
  "$5/month or $50/year",
  "$ x$",
  "$x $",
  "$5-$10",
  "$HOME and US$ 3",
  "$",
  "$$",
  "$$ $$",
  "$$$",
  "$a\nb$",
  "$$a\n\nb$$",
  "\\(x",
  "\\\\(x\\)",
  "x$y$",
  `$${"a".repeat(3000)}$`,
];

for (const text of NONE) {
  test(`${JSON.stringify(text).slice(0, 40)} does not`, () => assert.equal(formula(text), null));
}

test("a dollar right after a word or another dollar opens nothing", () => {
  assert.equal(formula("$5 to US$", "US"), null);
  assert.equal(formula("$x$", "$"), null);
  assert.ok(formula("$x$", "("));
});

test("a block gives its formula, and the full stop after it", () => {
  assert.deepEqual(whole("$$\nx\n$$\n"), { source: "x", after: "" });
  assert.deepEqual(whole("\\[ x \\].\n"), { source: "x", after: "." });
  assert.equal(whole("$$\nx\n\\]\n"), null);
  assert.equal(whole("$$\nx\n"), null);
});

test("formulas are masked in place, prices and escaped dollars are not", () => {
  assert.equal(masked("**a $x^*$ b**"), "**a aaaaa b**");
  assert.equal(masked("*$5 and $10*"), "*$5 and $10*");
  assert.equal(masked("\\$*a*\\$"), "\\$*a*\\$");
});

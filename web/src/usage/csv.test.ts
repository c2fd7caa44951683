import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "./csv.ts";

const CELLS: [cell: string | number, written: string][] = [
  ["plain", "plain"],
  ["demo/n=50,delay=1ms", '"demo/n=50,delay=1ms"'],
  ['say "so"', '"say ""so"""'],
  ["two\nlines", '"two\nlines"'],
  ["", ""],
  [0.00012, "0.00012"],
  [-4, "-4"],
  ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
  ["@sum", "'@sum"],
  ["Đà Nẵng", "Đà Nẵng"],
];

for (const [cell, written] of CELLS) {
  test(`${JSON.stringify(cell)} is written so that it is read back`, () => {
    assert.equal(csv([[cell]]), `\uFEFF${written}\r\n`);
  });
}

test("cells are divided by commas, rows by line ends", () => {
  assert.equal(
    csv([
      ["day", "runs"],
      ["2026-11-21", 3],
    ]),
    "\uFEFFday,runs\r\n2026-11-21,3\r\n",
  );
});

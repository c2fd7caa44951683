import assert from "node:assert/strict";
import { test } from "node:test";
import { alignments, cells, rows } from "./cells.ts";

const ROWS: [string, string[]][] = [
  ["| a | b |", ["a", "b"]],
  ["a|b", ["a", "b"]],
  ["| a | ", ["a"]],
  ["||b|", ["", "b"]],
  ["| a \\| b | c |", ["a | b", "c"]],
  ["| a \\\\| b |", ["a \\\\", "b"]],
  ["|", [""]],
];

for (const [line, expected] of ROWS) {
  test(`${line} has ${expected.length} cells`, () => assert.deepEqual(cells(line), expected));
}

test("a row has as many cells as there are columns", () => {
  assert.deepEqual(cells("| a |", 3), ["a", "", ""]);
  assert.deepEqual(cells("| a | b | c |", 2), ["a", "b"]);
});

test("columns are aligned as the second line says", () => {
  assert.deepEqual(alignments("|:--|:-:|--:|---|"), ["left", "center", "right", null]);
});

test("rows come in pieces, no more than are wanted, and all are counted", () => {
  const source = "1\n2\n3\n4\n5";
  assert.deepEqual(rows(source, 10, 2), { pieces: ["1\n2\n", "3\n4\n", "5"], count: 5 });
  assert.deepEqual(rows(source, 3, 2), { pieces: ["1\n2\n", "3\n"], count: 5 });
  assert.deepEqual(rows("", 3, 2), { pieces: [], count: 0 });
  assert.deepEqual(rows("1\n\n", 3, 2), { pieces: ["1\n"], count: 1 });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { before, bundled, days, labelled, marks } from "./axis.ts";

const AXES: [most: number, whole: boolean, marks: number[]][] = [
  [0, true, [0, 1]],
  [1, true, [0, 1]],
  [3, true, [0, 1, 2, 3]],
  [4, true, [0, 1, 2, 3, 4]],
  [5, true, [0, 2, 4, 6]],
  [100, true, [0, 50, 100]],
  [101, true, [0, 50, 100, 150]],
  [999, true, [0, 500, 1000]],
  [1_234_567, true, [0, 500_000, 1_000_000, 1_500_000]],
  [0, false, [0, 0.5]],
  [0.3, false, [0, 0.1, 0.2, 0.3]],
  [0.00042, false, [0, 0.0002, 0.0004, 0.0006]],
];

for (const [most, whole, expected] of AXES) {
  test(`an axis up to ${most}${whole ? " whole things" : ""} has round marks`, () => {
    assert.deepEqual(marks(most, whole), expected);
  });
}

test("an axis reaches what it shows, with few marks, whatever that is", () => {
  for (let most = 1e-6; most < 1e12; most *= 1.7) {
    const found = marks(most, false);
    assert.ok((found.at(-1) ?? 0) >= most * (1 - 1e-9), `${most}`);
    assert.ok(found.length >= 2 && found.length <= 6, `${most}: ${found}`);
  }
});

test("days stand without a gap, over the ends of months and the change of clocks", () => {
  assert.deepEqual(days("2026-02-27T00:00:00Z", "2026-03-02T00:00:00Z"), [
    "2026-02-27",
    "2026-02-28",
    "2026-03-01",
  ]);
  assert.equal(days("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z").length, 365);
  assert.deepEqual(days("2026-02-27T00:00:00Z", "2026-02-27T00:00:00Z"), []);
  assert.equal(before("2026-03-01", 1), "2026-02-28");
});

test("bars that would be too thin are weeks", () => {
  const many = Array.from({ length: 90 }, (_, at) => at);
  assert.equal(bundled(many, 100).length, 90);
  assert.equal(bundled(many, 60).length, 13);
  assert.equal(bundled(many, 60).flat().length, 90);
});

test("labels have room", () => {
  assert.deepEqual(labelled(7, 700, 60), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(labelled(30, 300, 60), [0, 6, 12, 18, 24]);
  assert.deepEqual(labelled(0, 300, 60), []);
  assert.deepEqual(labelled(3, 10, 60), [0]);
});

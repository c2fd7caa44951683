import assert from "node:assert/strict";
import { test } from "node:test";
import type { Usage } from "../api/usage.ts";
import { barsOf, byDay, byModel, foremost, NOTHING, sum } from "./charts.ts";

const report = (items: Usage["items"], to = "2026-03-03T00:00:00Z"): Usage => ({
  from: "2026-02-28T00:00:00Z",
  to,
  group_by: "day",
  items,
  total: NOTHING,
});

test("days without usage stand there as zero", () => {
  const found = byDay(report([{ ...NOTHING, runs: 3, day: "2026-03-01" }]), "en");
  assert.deepEqual(
    found.map(({ key, taken }) => [key, taken.runs]),
    [
      ["2026-02-28", 0],
      ["2026-03-01", 3],
      ["2026-03-02", 0],
    ],
  );
  assert.deepEqual([found[1]?.name, found[1]?.short], ["Mar 1, 2026", "Mar 1"]);
});

test("a bar of a week is the sum of its days, and says from when to when", () => {
  const items = [
    { ...NOTHING, points: 2, day: "2026-03-01" },
    { ...NOTHING, points: 5, day: "2026-03-06" },
  ];
  const [week] = barsOf(byDay(report(items, "2026-03-20T00:00:00Z"), "en"), 10);
  assert.equal(week?.taken.points, 7);
  assert.equal(week?.name, "Feb 28 – Mar 6, 2026");
});

test("of many models those that took least are one", () => {
  const items = [1, 9, 4, 7].map((runs) => ({ ...NOTHING, runs, model: `m${runs}` }));
  const found = foremost(
    byModel(report(items)),
    3,
    (taken) => taken.runs,
    (n) => `${n} others`,
  );
  assert.deepEqual(
    found.map(({ name, taken }) => [name, taken.runs]),
    [
      ["m9", 9],
      ["m7", 7],
      ["2 others", 5],
    ],
  );
});

test("a sum adds up every figure", () => {
  const one = { ...NOTHING, cost: 0.5, input_tokens: 1 };
  assert.deepEqual(sum([one, one]), { ...NOTHING, cost: 1, input_tokens: 2 });
  assert.deepEqual(sum([]), NOTHING);
});

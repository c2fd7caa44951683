import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conversation } from "../api/types.ts";
import { byDay } from "./days.ts";
import { marked } from "./marked.ts";

const NOW = new Date(2026, 10, 26, 9, 30);
const at = (...when: [number, number, number, number, number]): Conversation =>
  ({ updated_at: new Date(...when).toISOString() }) as Conversation;

test("conversations stand under the day on which they were last changed", () => {
  const cases: [Conversation, string][] = [
    [at(2026, 10, 26, 0, 1), "today"],
    [at(2026, 10, 25, 23, 59), "yesterday"],
    [at(2026, 10, 20, 12, 0), "week"],
    [at(2026, 10, 1, 12, 0), "month30"],
    [at(2026, 8, 1, 12, 0), "month"],
  ];
  for (const [one, kind] of cases) assert.equal(byDay([one], NOW)[0]?.day.kind, kind);
});

test("what follows each other in one day, or in one month, is one group", () => {
  const all = [
    at(2026, 10, 26, 9, 0),
    at(2026, 10, 26, 8, 0),
    at(2026, 7, 9, 8, 0),
    at(2026, 7, 1, 8, 0),
    at(2025, 7, 1, 8, 0),
  ];

  assert.deepEqual(
    byDay(all, NOW).map((group) => group.items.length),
    [2, 2, 1],
  );
});

test("what lies in the future, by another clock, is today's", () => {
  assert.equal(byDay([at(2026, 10, 26, 23, 0)], NOW)[0]?.day.kind, "today");
});

test("a snippet's matches are cut by code points, and nothing is lost", () => {
  const pieces = marked("😀 a sluice, a Sluice", [
    [4, 10],
    [14, 20],
  ]);

  assert.deepEqual(
    pieces.map((piece) => [piece.text, piece.match]),
    [
      ["😀 a ", false],
      ["sluice", true],
      [", a ", false],
      ["Sluice", true],
    ],
  );
});

test("matches that overlap, or lie outside, do no harm", () => {
  const text = (matches: [number, number][]) =>
    marked("abc", matches)
      .map((piece) => piece.text)
      .join("");

  assert.equal(text([[0, 2], [1, 3]]), "abc"); // biome-ignore format: one line reads best
  assert.equal(text([[2, 90]]), "abc");
});

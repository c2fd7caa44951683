import assert from "node:assert/strict";
import { test } from "node:test";
import { clock } from "./clock.ts";

const TIMES: [seconds: number, shown: string][] = [
  [0, "0:00"],
  [-0.4, "0:00"],
  [5.9, "0:05"],
  [65, "1:05"],
  [3599.99, "59:59"],
  [3723, "1:02:03"],
  [90_000, "25:00:00"],
];

for (const [seconds, shown] of TIMES) {
  test(`${seconds} s are ${shown}`, () => assert.equal(clock(seconds), shown));
}

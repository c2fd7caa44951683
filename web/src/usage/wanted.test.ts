import assert from "node:assert/strict";
import { test } from "node:test";
import { paramsOf, wantedOf } from "./wanted.ts";

const TODAY = "2026-03-02";
const read = (query: string) => wantedOf(new URLSearchParams(query), TODAY);

test("without a word it is the last 30 days, by day", () => {
  assert.deepEqual(read(""), {
    length: "30",
    span: { from: "2026-02-01", to: TODAY },
    by: "day",
  });
});

test("what makes no sense is left aside", () => {
  assert.deepEqual(read("days=8&by=colour&from=soon&to=2026-01-01"), read(""));
});

for (const query of ["", "days=7", "by=model&days=90", "by=model&from=2025-12-01&to=2026-01-31"]) {
  test(`the address ?${query} says what it says`, () => {
    const found = paramsOf(read(query)).toString();
    assert.deepEqual(read(found), read(query));
    assert.equal(found.length, query.length);
  });
}

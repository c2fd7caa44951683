import assert from "node:assert/strict";
import { test } from "node:test";
import { merge } from "./cache.ts";
import type { Message, Page } from "./types.ts";

/** A message by its number: each follows the one before. */
const message = (id: number, content = ""): Message =>
  ({ id: `${id}`, parent_id: id > 1 ? `${id - 1}` : null, content }) as Message;
const page = (ids: number[], more: boolean, content = ""): Page<Message> => ({
  items: ids.map((id) => message(id, content)),
  next_cursor: more ? "more" : null,
});
const cached = (...pages: Page<Message>[]) => ({ pages, pageParams: pages.map(() => null) });
const told = (merged: ReturnType<typeof merge>) =>
  merged?.pages.flatMap((one) => one.items.map((item) => item.id + item.content)) ?? null;

test("newer messages are put before those that are known, which are replaced where both have them", () => {
  const cases: [string, ReturnType<typeof cached>, Page<Message>, string[] | null][] = [
    ["one more", cached(page([3, 2, 1], false)), page([4, 3, 2], true, "!"), ["4!", "3!", "2!", "1"]],
    ["they only touch", cached(page([3, 2], true)), page([5, 4], true, "!"), ["5!", "4!", "3", "2"]],
    ["several pages", cached(page([4, 3], true), page([2, 1], false)), page([5, 4], true, "!"), ["5!", "4!", "3", "2", "1"]],
    ["too far apart", cached(page([3, 2], true)), page([9, 8], true, "!"), null],
    ["all there is", cached(page([9, 8], true)), page([2, 1], false, "!"), ["2!", "1!"]],
    ["nothing is left", cached(page([9, 8], true)), page([], false), []],
  ]; // biome-ignore format: a row a line
  for (const [what, old, fresh, expected] of cases) {
    assert.deepEqual(told(merge(old, fresh)), expected, what);
  }
});

test("where earlier messages begin stays known", () => {
  const merged = merge(cached(page([3, 2], true), page([1], false)), page([4, 3], true));

  assert.equal(merged?.pages.at(-1)?.next_cursor, null);
});

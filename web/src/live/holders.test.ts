import assert from "node:assert/strict";
import { test } from "node:test";
import { Holders } from "./holders.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];

const visible = () => true;

/** Seven tabs that all hold a run of their own, and have heard of each other; some are seen. */
function seven(seen = NAMES, now = () => 0): Holders[] {
  const tabs = NAMES.map((tab) => new Holders(tab, () => seen.includes(tab), now));
  for (const [at, holders] of tabs.entries()) {
    for (const [other, name] of NAMES.entries())
      if (other !== at) holders.hold(name, `run ${name}`, seen.includes(name));
  }
  return tabs;
}

test("of seven tabs the first three hold on, and all of them agree on which", () => {
  assert.deepEqual(
    seven().map((tab) => tab.keeps()),
    [true, true, true, false, false, false, false],
  );
});

test("those that are looked at hold on before the others", () => {
  assert.deepEqual(
    seven(["d", "g"]).map((tab) => tab.keeps()),
    [true, false, false, true, false, false, true],
  );
});

test("when one leaves, the next may hold on", () => {
  const tabs = seven();
  for (const tab of tabs) tab.left("a", "run a");

  assert.deepEqual(
    tabs.map((tab) => tab.keeps()),
    [true, true, true, true, false, false, false],
  );
});

test("a tab that has gone without a word is forgotten after a while", () => {
  let now = 0;
  const last = seven(NAMES, () => now)[6];
  now = 80_000;

  assert.equal(last?.keeps(), true);
});

test("a run that another tab holds by now is not let go by the first one's leaving", () => {
  const holders = new Holders("z", visible, () => 0);
  for (const name of NAMES.slice(0, 3)) holders.hold(name, `run ${name}`, true);
  holders.hold("d", "run a", true);
  holders.left("a", "run a");

  assert.equal(holders.keeps(), false);
});

test("of two tabs with the same run the later one yields, and a hidden one to one that is seen", () => {
  const [first, second] = ["a", "b"].map((tab) => new Holders(tab, visible, () => 0));

  assert.deepEqual([first?.yields("b", true), second?.yields("a", true)], [false, true]);
  assert.equal(second?.yields("a", false), false);
});

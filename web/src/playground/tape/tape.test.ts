/** What is made of what arrives: events out of bytes, their meaning, and the verdict. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { draw, told } from "./drawing.ts";
import { meaning, payload } from "./meaning.ts";
import { figures, gaps, moments, quantile, type Read } from "./moments.ts";
import { Splitter } from "./splitting.ts";
import { Tape } from "./tape.ts";
import { judge, type Noted } from "./verdict.ts";
import { Watch } from "./watch.ts";

const WIRE =
  ': hello\n\nretry: 1000\nid: r:1\ndata: {"a":1}\n\nid: r:2\ndata: ü\n\n: ping\ndata: [DONE]\n\n';
const EVENTS = [
  ": hello",
  'retry: 1000\nid: r:1\ndata: {"a":1}',
  "id: r:2\ndata: ü",
  ": ping",
  "data: [DONE]",
];

test("a stream is the same events wherever it is cut", () => {
  for (const wire of [WIRE, WIRE.replaceAll("\n", "\r\n")]) {
    for (let cut = 0; cut <= wire.length; cut += 1) {
      const splitter = new Splitter();
      const found = [...splitter.feed(wire.slice(0, cut)), ...splitter.feed(wire.slice(cut))];
      assert.deepEqual(
        found.map((text) => text.replaceAll("\r\n", "\n")),
        EVENTS,
      );
      assert.deepEqual(splitter.rest(), []);
    }
  }
});

test("a comment is told at once, half an event at the end", () => {
  const splitter = new Splitter();
  assert.deepEqual(splitter.feed(": keep-alive\n"), [": keep-alive"]);
  assert.deepEqual(splitter.feed("\ndata: ha"), []);
  assert.deepEqual(splitter.rest(), ["data: ha"]);
});

const SAID: [string, Partial<ReturnType<typeof meaning>>][] = [
  ['id: r:1\ndata: {"type":"start","model":"demo"}', { token: false, run: "r" }],
  ['data: {"type":"content","chunk":"a","accumulated_length":1}', { token: true }],
  ['data: {"type":"end","full_response":"a"}', { token: false, last: true }],
  ['data: {"type":"error","error":"no","code":"bad"}', { last: true, problem: "bad: no" }],
  ["data: [DONE]", { token: false, last: true }],
  ['{"type":"content","chunk":"a"}', { token: true }],
  ['data: {"token":"a","count":1}', { token: true, last: false }],
  ['data: {"done":true,"tokens":1,"full_response":"a"}', { token: false, last: true }],
  ['data: {"error":"no","code":"bad"}', { problem: "bad: no" }],
  ['42["chat_token",{"token":"a","id":"r:3"}]', { token: true, run: "r" }],
  ['430[{"ok":true,"run_id":"r"}]', { token: false, run: "r" }],
  ['42["chat_complete",{"done":true}]', { last: true }],
  ['data: {"type":"start","run_id":"r","message":"Starting"}', { token: false, run: "r" }],
  ['data: {"type":"chunk","content":"a"}', { token: true }],
  ['data: {"type":"token","content":"a"}', { token: true }],
  ['data: {"type":"complete","content":"a"}', { token: false, last: true }],
  ['data: {"chunk":"a","done":false}', { token: true, last: false }],
  ['data: {"chunk":"","done":true}', { token: false, last: true }],
  ['data: {"choices":[{"delta":{"content":"a"}}]}', { token: true }],
  ['data: {"choices":[{"delta":{"role":"assistant","content":""}}]}', { token: false }],
  ['data: {"choices":[{"delta":{"reasoning_content":"a"}}]}', { token: true }],
  ['data: {"error":{"message":"no","code":"bad"}}', { problem: "bad: no" }],
  ['event: next\ndata: {"data":{"conversation":{"type":"token","content":"a"}}}', { token: true }],
  ["event: complete\ndata: ", { token: false }],
  [
    '{"id":"1","type":"next","payload":{"data":{"conversation":{"type":"complete"}}}}',
    { last: true },
  ],
  [
    '{"id":"1","type":"next","payload":{"data":{"conversation":{"type":"token","content":"a"}}}}',
    { token: true, run: null },
  ],
  ['{"id":"1","type":"complete"}', { last: true }],
  ['{"errors":[{"message":"no","extensions":{"code":"bad"}}]}', { problem: "bad: no" }],
  [": keep-alive", { token: false, last: false, problem: null }],
];

for (const [raw, expected] of SAID) {
  test(`what it means: ${raw}`, () => {
    const found = meaning(raw);
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(found[name as keyof typeof found], value, name);
    }
  });
}

test("the JSON of an event is found in whatever carries it", () => {
  assert.deepEqual(payload('id: r:1\ndata: {"a":\ndata: 1}'), { a: 1 });
  assert.deepEqual(payload('42["x",{}]'), ["x", {}]);
  assert.equal(payload(": ping"), undefined);
});

/** Reads at these times, each with so many tokens, behind so long that the page was busy. */
const at = (...reads: [number, number?, number?][]): Read[] =>
  reads.map(([when, tokens = 1, busy = 0]) => ({
    at: when,
    bytes: 80 * tokens,
    events: tokens,
    tokens,
    busy,
  }));
const every = (gap: number, count: number, first = 20, tokens = 1): Read[] =>
  at(...Array.from({ length: count }, (_, n): [number, number] => [first + n * gap, tokens]));
const START: Read = { at: 5, bytes: 80, events: 1, tokens: 0, busy: 0 };
const END = (when: number): Read => ({ at: when, bytes: 200, events: 2, tokens: 0, busy: 0 });
const SLOWLY: Noted = { firstToken: 20, duration: 4000 };
const AT_ONCE: Noted = { firstToken: 800, duration: 803 };

const VERDICTS: [string, Read[], string, Noted?][] = [
  ["nothing", [], "few"],
  ["a start, and no more", [START], "few"],
  ["three tokens", every(20, 3), "few"],
  ["a token every 20 ms", [START, ...every(20, 100), END(2021)], "steady"],
  ["a token every 5 ms", [START, ...every(5, 200), END(1021)], "steady"],
  ["a slow first token", [START, ...every(20, 60, 800)], "steady"],
  ["a stall of 3 s", [START, ...every(20, 20), ...every(20, 40, 3400)], "steady"],
  ["three at a time, every 40 ms", [START, ...every(40, 50, 20, 3)], "groups"],
  ["as fast as the server writes", [START, ...every(20, 30, 20, 120)], "groups"],
  ["200 tokens after 4 s", at([4000, 200]), "atOnce"],
  [
    "200 tokens after 4 s, in reads close together",
    at([4000, 90], [4001, 90], [4002.5, 20]),
    "atOnce",
  ],
  ["the same, which took the server 4 s", at([4000, 200]), "buffered", SLOWLY],
  ["the same, but the head came first", [START, ...at([4000, 200])], "buffered", SLOWLY],
  ["200 tokens at once, as they were written", [START, ...at([804, 200])], "quick", AT_ONCE],
  ["200 tokens at once, long after they were written", at([2804, 200]), "buffered", AT_ONCE],
  ["200 tokens at once, and at once", at([12, 200]), "quick"],
  ["40 tokens every 800 ms", [START, ...every(800, 5, 820, 40)], "buffered"],
  ["40 tokens every 200 ms", [START, ...every(200, 5, 220, 40)], "buffered"],
  [
    "one burst among many tokens",
    [START, ...every(20, 60), ...at([2400, 55]), ...every(20, 60, 2420)],
    "buffered",
  ],
  ["a late first token, then as fast as can be", [START, ...every(20, 30, 800, 100)], "groups"],
];

for (const [what, reads, kind, noted = null] of VERDICTS) {
  test(`the verdict on ${what} is: ${kind}`, () => {
    assert.equal(judge({ reads, streams: true, noted }).kind, kind);
  });
}

test("what the page itself was too busy to hear is held against nobody", () => {
  const gathered = [START, ...every(20, 20), ...at([720, 15, 290]), ...every(20, 20, 740)];
  const found = judge({ reads: gathered, streams: true, noted: null });
  assert.deepEqual([found.kind, found.bursts, found.busy], ["steady", 0, 290]);
  const all = [START, ...at([2000, 200, 1950])];
  assert.equal(judge({ reads: all, streams: true, noted: SLOWLY }).kind, "buffered");
  const noted = { firstToken: 20, duration: 1900 };
  assert.equal(judge({ reads: all, streams: true, noted }).kind, "quick");
});

test("a page is busy while its clock is late, unless nobody looks at it", () => {
  let clock = 0;
  let hidden = false;
  const watch = new Watch(
    () => clock,
    () => hidden,
  );
  const after = (ms: number) => {
    clock += ms;
    watch.look();
  };
  for (const ms of [16, 17, 3, 20]) after(ms);
  assert.equal(watch.taken(), 0);
  after(216);
  after(16);
  assert.equal(watch.taken(), 200);
  assert.equal(watch.taken(), 0);
  hidden = true;
  after(1000);
  hidden = false;
  after(1000);
  assert.equal(watch.taken(), 0);
});

test("a way that does not stream is not judged by how it arrives", () => {
  assert.equal(judge({ reads: at([900, 0]), streams: false, noted: null }).kind, "whole");
});

test("the verdict has its evidence in numbers", () => {
  const reads = [START, ...at([4000, 90], [4001, 110]), END(4002)];
  const found = judge({ reads, streams: true, noted: SLOWLY });
  assert.equal(found.tokens, 200);
  assert.equal(found.most?.tokens, 200);
  assert.equal(found.most?.reads, 3);
  assert.equal(found.most?.silence, 3995);
  assert.equal(found.bursts, 1);
  assert.equal(found.late, 3980);
  const stalled = judge({
    reads: [...every(20, 20), ...every(20, 9, 3400)],
    streams: true,
    noted: null,
  });
  assert.equal(stalled.pause, 3000);
});

test("reads within 2 ms are one moment", () => {
  assert.deepEqual(
    moments(at([10], [11], [13], [20])).map(({ at: when, reads, silence }) => [
      when,
      reads,
      silence,
    ]),
    [
      [10, 3, 10],
      [20, 1, 7],
    ],
  );
});

test("a gap is long beyond 250 ms, or for its stream", () => {
  assert.deepEqual(gaps(moments(every(20, 9))), []);
  assert.deepEqual(gaps(moments([...every(10, 9), ...every(10, 9, 240)])), [
    { from: 100, length: 140 },
  ]);
  assert.deepEqual(gaps(moments(every(200, 9))), []);
  assert.equal(gaps(moments(every(300, 9))).length, 8);
  assert.deepEqual(gaps(moments([...every(5, 9), ...every(5, 9, 100)])), []);
});

test("the figures", () => {
  const found = figures([START, ...every(10, 100, 25), END(1100)]);
  assert.equal(found.firstByte, 5);
  assert.equal(found.firstToken, 25);
  assert.equal(found.median, 10);
  assert.equal(found.p95, 10);
  assert.equal(found.longest, 85);
  assert.equal(found.reads, 102);
  assert.equal(found.events, 103);
  assert.equal(Math.round(found.perSecond ?? 0), 94);
  assert.deepEqual(figures([]).median, null);
  assert.equal(quantile([3, 1, 2], 0.5), 2);
});

test("the drawing has a tick for each read, and marks what stands out", () => {
  const reads = [START, ...every(20, 20), ...at([3400, 30])];
  const found = draw(reads);
  assert.equal(found.ticks.match(/M/g)?.length, 22);
  assert.equal(found.silences.length, 1);
  assert.deepEqual(
    found.bursts.map((one) => one.tokens),
    [30],
  );
  assert.ok(found.bursts.every((one) => one.at > 90 && one.at < 100));
  assert.deepEqual(
    found.scale.map((one) => one.ms),
    [0, 1000, 2000, 3000],
  );
  assert.deepEqual(
    told(reads).map(({ what, at: when }) => [what, when]),
    [
      ["gap", 400],
      ["burst", 3400],
    ],
  );
  assert.deepEqual(draw([]).ticks, "");
});

test("a tape keeps what came together, and when", () => {
  let clock = 100;
  const tape = new Tape(true, () => clock);
  clock = 130;
  tape.take(['id: r:1\ndata: {"type":"content","chunk":"a"}', "data: [DONE]"], 90);
  clock = 150;
  tape.take([": ü"]);
  tape.finish();
  assert.deepEqual(
    tape.rows.map(({ at: when, gap, bytes }) => [when, gap, bytes]),
    [
      [30, 30, 44],
      [30, 0, 12],
      [50, 20, 4],
    ],
  );
  assert.deepEqual(tape.reads[0], { at: 30, bytes: 90, events: 2, tokens: 1, busy: 0 });
  assert.equal(tape.run, "r");
  assert.equal(tape.outcome, "ended");
});

test("how a tape ends", () => {
  const ending = (text: string, stopping = false) => {
    const tape = new Tape(true, () => 0);
    tape.take([text]);
    tape.stopping = stopping;
    tape.finish();
    tape.close("unreachable");
    return [tape.outcome, tape.problem];
  };
  assert.deepEqual(ending('data: {"token":"a"}'), ["cut", null]);
  assert.deepEqual(ending('data: {"error":"no","code":"bad"}'), ["failed", "bad: no"]);
  assert.deepEqual(ending("data: [DONE]"), ["ended", null]);
  assert.deepEqual(ending('data: {"token":"a"}', true), ["stopped", null]);
});

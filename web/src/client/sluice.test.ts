/** The client against servers that break off, stall, refuse and come back. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Arrival, Lost, type Options, type Refused, stream } from "./sluice.ts";
import { every } from "./testing/all.ts";
import { page } from "./testing/page.ts";
import {
  begins,
  breaks,
  drops,
  type LineOf,
  numbered,
  RUN,
  refuses,
  type Stage,
  said,
  says,
  stage,
  stalls,
} from "./testing/stage.ts";

const PAGE = "<html><h1>Bad Gateway</h1></html>";
const ASKED: Options = { body: { query: "hi" } };

async function all(at: Stage, options: Options = ASKED): Promise<number[]> {
  const arrivals = await every(stream(`${at.url}/ask`, options));
  return arrivals.map((one) => one.seq);
}

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

const behind = (at: Stage) => at.asked.map((one) => one.headers["last-event-id"]);
const keys = (at: Stage) => new Set(at.asked.map((one) => one.headers["idempotency-key"])).size;

// To the end

test("it yields each event, and lets the response end", async () => {
  await using at = await stage(
    says("retry: 1000\n", numbered(1, 2), ": keep-alive\n\n", numbered(9)),
  );
  const heard: Arrival[] = await every(stream(`${at.url}/ask`, ASKED));

  assert.deepEqual(heard[0], { id: `${RUN}:1`, run: RUN, seq: 1, data: JSON.parse(said(1)) });
  assert.deepEqual(heard.at(-1)?.data, { type: "end" });
  const { method, path, headers, body, over } = await at.next();
  assert.deepEqual([method, path, body], ["POST", "/ask", '{"query":"hi"}']);
  assert.equal(headers.accept, "text/event-stream");
  assert.equal(headers["content-type"], "application/json");
  assert.equal(headers["last-event-id"], undefined);
  assert.equal(await over, true);
});

const ENDS: Record<string, string> = {
  query: 'id: r:1\ndata: {"type":"end"}\n\ndata: [DONE]\n\n',
  chat: 'id: r:1\ndata: {"done":true,"tokens":1}\n\n',
  flows: 'id: r:1\ndata: {"chunk":"","done":true}\n\n',
  interactions: 'id: r:1\ndata: {"type":"complete"}\n\n',
  openai: 'data: {"choices":[]}\n\ndata: [DONE]\n\n',
  "an error": 'id: r:1\ndata: {"error":"no","code":"internal"}\n\n',
  "openai's error": 'data: {"error":{"message":"no","code":"internal"},"code":"internal"}\n\n',
  "an error with a type": 'id: r:1\ndata: {"type":"error","code":"internal"}\n\n',
};

for (const [name, text] of Object.entries(ENDS)) {
  test(`it knows the end of ${name}, even where the connection stays open`, async () => {
    await using at = await stage(begins(text));
    const heard = await every(stream(at.url, { ...ASKED, silence: 50 }));
    assert.deepEqual([heard.length, at.asked.length], [1, 1]);
  });
}

test("what is said behind the end is not heard", async () => {
  await using at = await stage(says(numbered(1, 9, 10)));
  assert.deepEqual(await all(at), [1, 9]);
});

test("a GET has a key too, and no body", async () => {
  await using at = await stage(says(numbered(9)));
  await all(at, { lastEventId: `${RUN}:4`, headers: { Authorization: "Bearer t" } });
  const { method, headers, body } = await at.next();

  assert.deepEqual([method, body, headers["content-type"]], ["GET", "", undefined]);
  assert.deepEqual([headers.authorization, headers["last-event-id"]], ["Bearer t", `${RUN}:4`]);
  assert.match(headers["idempotency-key"] ?? "", /^[0-9a-f]{32}$/);
});

test("204 is an end: there was nothing behind that event", async () => {
  await using at = await stage(breaks(numbered(1, 2)), refuses(204, ""));
  assert.deepEqual(await all(at), [1, 2]);
  assert.deepEqual(await all(at, { lastEventId: `${RUN}:2` }), []);
});

// Cut

const CUTS: Record<string, LineOf> = {
  "the connection broke": breaks(numbered(1, 2)),
  "the server closed it": says(numbered(1, 2)),
  "it broke inside an event": breaks(numbered(1, 2), `id: ${RUN}:3\ndata: {"type":"ch`),
  "it ended inside an event": says(numbered(1, 2), `id: ${RUN}:3\ndata: ${said(3)}\n`),
  "it ended inside a character": says(numbered(1, 2), "data: ", Buffer.from("é").subarray(0, 1)),
  "nothing came any more": begins(numbered(1, 2)),
};

for (const [name, cut] of Object.entries(CUTS)) {
  test(`it goes on behind the last event where ${name}`, async () => {
    await using at = await stage(cut, says(numbered(3, 9)));
    assert.deepEqual(await all(at, { ...ASKED, silence: 200 }), [1, 2, 3, 9]);
    assert.deepEqual(behind(at), [undefined, `${RUN}:2`]);
    assert.equal(keys(at), 1);
  });
}

test("it goes on behind an event whose connection broke several times", async () => {
  const twice = [drops, says(), stalls, refuses(502, PAGE), says(": hello\n\n"), drops];
  await using at = await stage(breaks(numbered(1)), ...twice, says(numbered(2, 9)));
  using world = page();
  assert.deepEqual(await all(at, { ...ASKED, silence: 200, onState: world.online }), [1, 2, 9]);
  assert.deepEqual(behind(at), [undefined, ...Array(7).fill(`${RUN}:1`)]);
});

test("where no answer came, it asks again under the same key", async () => {
  await using at = await stage(drops, drops, says(numbered(1, 9)));
  assert.deepEqual(await all(at), [1, 9]);
  assert.deepEqual(behind(at), [undefined, undefined, undefined]);
  assert.equal(keys(at), 1);
  assert.equal(new Set(at.asked.map((one) => one.body)).size, 1);
});

test("the reader may say under which", async () => {
  await using at = await stage(says(numbered(9)));
  await all(at, { ...ASKED, idempotencyKey: "mine" });
  assert.equal((await at.next()).headers["idempotency-key"], "mine");
});

test("where an answer came without an event, it asks for that run from its first event on", async () => {
  await using at = await stage(breaks(), says(numbered(1, 9)));
  const runs: string[] = [];
  assert.deepEqual(await all(at, { ...ASKED, onRun: (run) => runs.push(run) }), [1, 9]);
  assert.deepEqual(behind(at), [undefined, `${RUN}:0`]);
  assert.deepEqual(runs, [RUN]);
});

test("what comes again is not heard again, be it that Last-Event-ID does not arrive", async () => {
  await using at = await stage(breaks(numbered(1, 2, 4)), says(numbered(1, 2, 4, 5, 9)));
  assert.deepEqual(await all(at), [1, 2, 4, 5, 9]);
});

test("events without ids are counted", async () => {
  const text = (...words: string[]) => words.map((word) => `data: {"text":"${word}"}\n\n`).join("");
  const cuts = [breaks(text("a", "b")), breaks(text("a")), breaks(text("a", "b", "c"))];
  await using at = await stage(...cuts, says(text("a", "b", "c", "d"), "data: [DONE]\n\n"));
  const heard = await every(stream<{ text: string }>(at.url, ASKED));

  assert.equal(heard.map((one) => one.data.text).join(""), "abcd");
  assert.deepEqual(behind(at), [undefined, ...Array(3).fill(`${RUN}:0`)]);
});

test("without ids, and without a run, they are lost", async () => {
  const anonymous: LineOf = (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end('data: {"text":"a"}\n\n');
  };
  await using at = await stage(anonymous);
  await assert.rejects(all(at), (problem: Lost) => problem instanceof Lost && !!problem.cause);
});

test("a reader that takes its time is not taken for a silent server", async () => {
  await using at = await stage(begins(numbered(1)), says(numbered(9)));
  const heard: number[] = [];
  for await (const { seq } of stream(at.url, { ...ASKED, silence: 100 })) {
    heard.push(seq);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(at.asked.length, seq === 1 ? 1 : 2);
  }
  assert.deepEqual(heard, [1, 9]);
});

test("a silence without an end is one, too", async () => {
  await using at = await stage(says(numbered(1, 9)));
  assert.deepEqual(await all(at, { ...ASKED, silence: Number.POSITIVE_INFINITY }), [1, 9]);
});

test("who draws frames may let more arrive before it is read", async (test) => {
  await using at = await stage(begins(numbered(1)));
  const { read } = ReadableStreamDefaultReader.prototype;
  const reads = test.mock.method(ReadableStreamDefaultReader.prototype, "read", read).mock;
  using world = page();
  const leaving = new AbortController();
  const events = stream(at.url, { ...ASKED, pace: 1e8, signal: leaving.signal });
  await events.next();
  const second = events.next();
  await new Promise(setImmediate);
  assert.equal(reads.callCount(), 1);
  world.online("waiting"); // whoever waits for that goes on
  await new Promise(setImmediate);
  assert.equal(reads.callCount(), 2);
  leaving.abort(new Error("left"));
  await assert.rejects(second, /left/);
});

// Giving up

test("it gives up once its patience is over, and says what was wrong", async () => {
  await using at = await stage(breaks(numbered(1)), drops);
  const lost = await all(at, { ...ASKED, patience: 300 }).catch((problem) => problem);
  assert.ok(lost instanceof Lost && lost.cause instanceof TypeError, lost);
  assert.ok(at.asked.length > 1);
});

test("what was refused last is what it says", async () => {
  await using at = await stage(breaks(numbered(1)), refuses(502, PAGE));
  await assert.rejects(all(at, { ...ASKED, patience: 300 }), { name: "Refused", status: 502 });
});

const LATER = new Date(Date.now() + 9e6).toUTCString();
for (const after of ["9000", LATER]) {
  test(`it waits as long as it is told to: ${after}`, async () => {
    await using at = await stage(breaks(numbered(1)), refuses(503, {}, { "Retry-After": after }));
    const leaving = new AbortController();
    const waits: number[] = [];
    const onState: Options["onState"] = (state, wait) => {
      if (state === "waiting" && waits.push(wait) === 2) leaving.abort(new Error("left"));
    };
    const { signal } = leaving;
    await assert.rejects(all(at, { ...ASKED, signal, onState, patience: 1e9 }), /left/);
    assert.ok((waits[0] ?? 0) <= 250 && (waits[1] ?? 0) > 8e6, `${waits}`);
    await assert.rejects(all(at, { lastEventId: `${RUN}:1` }), { status: 503 });
  });
}

test("the waits grow, and begin anew with each event", async () => {
  const cuts = [breaks(numbered(1)), ...Array(4).fill(drops), breaks(numbered(2))];
  await using at = await stage(...cuts, says(numbered(9)));
  const waits: number[] = [];
  using world = page();
  const onState: Options["onState"] = (state, wait) => {
    if (state === "waiting") waits.push(wait);
    world.online(state);
  };
  assert.deepEqual(await all(at, { ...ASKED, onState }), [1, 2, 9]);
  const most = [250, 500, 1000, 2000, 4000, 250];
  assert.equal(waits.length, most.length);
  assert.ok(
    waits.every((wait, turn) => wait > 0 && wait <= (most[turn] ?? 0)),
    `${waits}`,
  );
});

// Refusals

test("a proxy's page is no answer of the server's: it is asked again", async () => {
  const pages = [502, 503, 504].map((status) => refuses(status, PAGE));
  await using at = await stage(...pages, says(numbered(1, 9)));
  assert.deepEqual(await all(at), [1, 9]);
  assert.equal(keys(at), 1);
});

test("a busy conversation may be so with what was asked before", async () => {
  const busy = refuses(409, { detail: "busy", code: "conversation_busy" });
  await using at = await stage(drops, busy, says(numbered(9)));
  assert.deepEqual(await all(at), [9]);
  await using first = await stage(busy);
  await assert.rejects(all(first), { status: 409, code: "conversation_busy" });
});

const NO: [string, LineOf, Partial<Refused>][] = [
  ["410", refuses(410, { detail: "gone", code: "run_expired" }), { code: "run_expired" }],
  ["409", refuses(409, { detail: "no", code: "conflict" }), { code: "conflict" }],
  ["422", refuses(422, { detail: "no", code: "idempotency_mismatch" }), { status: 422 }],
  ["401", refuses(401, { detail: "no", code: "unauthorized" }), { code: "unauthorized" }],
  ["404, a page", refuses(404, PAGE), { code: "", message: "Not Found" }],
];

for (const [name, no, expected] of NO) {
  test(`no is no, at first and later: ${name}`, async () => {
    await using at = await stage(breaks(numbered(1)), no);
    await assert.rejects(all(at), { name: "Refused", ...expected });
    await assert.rejects(all(at), { name: "Refused", ...expected });
    assert.equal(at.asked.length, 3);
  });
}

test("the server's own 503 and 429 are told, before there is a run", async () => {
  const heads = { "Retry-After": "7" };
  const overloaded = refuses(503, { detail: "full", code: "overloaded" }, heads);
  await using at = await stage(
    overloaded,
    refuses(429, { error: "x", code: "rate_limited" }, heads),
  );
  await assert.rejects(all(at), { status: 503, code: "overloaded", retryAfter: 7 });
  await assert.rejects(all(at), { status: 429, code: "rate_limited", retryAfter: 7 });
});

test("an answer that is no stream is refused; where there is a run, asked for again", async () => {
  await using at = await stage(
    refuses(200, { answer: 1 }),
    breaks(numbered(1)),
    refuses(200, "<html>Sign in to the hotel's network</html>"),
    says(numbered(9)),
  );
  await assert.rejects(all(at), { name: "Refused", status: 200, code: "not_a_stream" });
  assert.deepEqual(await all(at), [1, 9]);
});

// Leaving

test("leaving the loop closes the connection", async () => {
  await using at = await stage(begins(numbered(1, 2)));
  for await (const _ of stream(at.url, ASKED)) break;
  assert.equal(await (await at.next()).over, false);
});

test("what goes wrong in the loop leaves it as it is, and closes the connection", async () => {
  await using at = await stage(begins(numbered(1)));
  const bug = new TypeError("mine");
  const reading = async () => {
    for await (const _ of stream(at.url, ASKED)) throw bug;
  };
  await assert.rejects(reading(), bug);
  assert.equal(await (await at.next()).over, false);
  assert.equal(at.asked.length, 1);
});

const WAITS: Record<string, [LineOf[], number]> = {
  "for an answer": [[stalls], 1],
  "for the words of a refusal": [[(response) => response.writeHead(503).flushHeaders()], 1],
  "for an event": [[begins(numbered(1))], 1],
  "for the answer to the second request": [[breaks(numbered(1)), stalls], 2],
};

for (const [name, [lines, requests]] of Object.entries(WAITS)) {
  test(`the signal ends it where it waits ${name}`, async () => {
    await using at = await stage(...lines);
    const leaving = new AbortController();
    const reading = all(at, { ...ASKED, signal: leaving.signal });
    const asked = [];
    for (let turn = 0; turn < requests; turn += 1) asked.push(await at.next());
    const reason = new Error("left");
    collect(); // Node would let go of a signal that only a request holds
    leaving.abort(reason);
    await assert.rejects(reading, reason);
    assert.equal(await asked.at(-1)?.over, false);
    assert.equal(getEventListeners(leaving.signal, "abort").length, 0);
  });
}

test("the signal ends it between two tries, before the first, and between two events", async () => {
  await using at = await stage(says(numbered(1, 2, 9)));
  const reason = new Error("left");
  const before = { ...ASKED, signal: AbortSignal.abort(reason) };
  await assert.rejects(all(at, before), reason);
  assert.equal(at.asked.length, 0);

  const leaving = new AbortController();
  const { signal } = leaving;
  const heard: number[] = [];
  const reading = async () => {
    for await (const { seq } of stream(at.url, { ...ASKED, signal })) {
      heard.push(seq);
      leaving.abort(reason);
    }
  };
  await assert.rejects(reading(), reason);
  assert.deepEqual(heard, [1]);

  const later = new AbortController();
  const onState: Options["onState"] = (state) => {
    if (state === "waiting") queueMicrotask(() => later.abort(reason));
  };
  const options = { lastEventId: "r:1", signal: later.signal, onState };
  await using busy = await stage(refuses(503, {}, { "Retry-After": "60" }));
  await assert.rejects(all(busy, options), reason);
  for (const one of [signal, later.signal]) {
    assert.equal(getEventListeners(one, "abort").length, 0);
  }
});

test("a signal that comes with the last event is too late", async () => {
  await using at = await stage(begins(numbered(1, 9)));
  const leaving = new AbortController();
  for await (const { seq } of stream(at.url, { ...ASKED, signal: leaving.signal })) {
    if (seq === 9) leaving.abort();
  }
});

// The reader's mistakes

test("what cannot be asked at all is thrown at once", async () => {
  await using at = await stage(stalls);
  const knot: Record<string, unknown> = {};
  knot.knot = knot;
  const wrong: [string, Options][] = [
    ["/relative", ASKED],
    [at.url, { body: knot }],
    [at.url, { method: "GET", body: {} }],
    [at.url, { headers: { "no header": "" } }],
  ];
  for (const [address, options] of wrong) {
    await assert.rejects(every(stream(address, options)), TypeError);
  }
  assert.equal(at.asked.length, 0);
});

for (const hook of ["onState", "onRun"]) {
  test(`what ${hook} throws is not taken for a broken connection`, async () => {
    await using at = await stage(says(numbered(9)));
    const bug = () => (undefined as unknown as Options).body as never;
    await assert.rejects(all(at, { ...ASKED, [hook]: bug }), TypeError);
    assert.ok(at.asked.length <= 1);
  });
}

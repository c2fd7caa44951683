/** Who asks, how it is refused, how a run is stopped, and what is left behind: nothing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { cancel, type Options, Refused, refusal, type State, stream } from "./sluice.ts";
import { every } from "./testing/all.ts";
import { page } from "./testing/page.ts";
import { begins, breaks, numbered, RUN, refuses, said, says, stage } from "./testing/stage.ts";

const RENEWED = "Bearer renewed";
const SIGN_IN = refuses(401, { detail: "Sign in first.", code: "unauthorized" });

/** Headers that are good once they are renewed, and how often that was asked for. */
function tokens() {
  const asked: boolean[] = [];
  const headers: Options["headers"] = async (renew) => {
    asked.push(renew);
    return { Authorization: renew ? RENEWED : "Bearer old" };
  };
  return { asked, headers };
}

// Who asks

test("headers that are a function are asked for each request", async () => {
  await using at = await stage(breaks(numbered(1)), says(numbered(9)));
  let turn = 0;
  const headers = () => ({ "X-Turn": `${++turn}` });
  await every(stream(at.url, { body: {}, headers }));
  assert.deepEqual(
    at.asked.map((one) => one.headers["x-turn"]),
    ["1", "2"],
  );
});

test("a token that has expired is renewed, once, before the first event and on resuming", async () => {
  await using at = await stage(SIGN_IN, breaks(numbered(1)), SIGN_IN, says(numbered(9)));
  const { asked, headers } = tokens();
  const heard = await every(stream(at.url, { body: {}, headers }));

  assert.deepEqual(
    heard.map((one) => one.seq),
    [1, 9],
  );
  assert.deepEqual(asked, [false, true, false, true]);
  assert.equal(new Set(at.asked.map((one) => one.headers["idempotency-key"])).size, 1);
});

test("one that is refused again is refused, and so is one that nobody can renew", async () => {
  await using at = await stage(SIGN_IN);
  const { asked, headers } = tokens();
  const no = { name: "Refused", status: 401, code: "unauthorized", message: "Sign in first." };
  await assert.rejects(every(stream(at.url, { headers })), no);
  assert.deepEqual(asked, [false, true]);
  await assert.rejects(every(stream(at.url, { headers: { Authorization: "Bearer old" } })), no);
  assert.equal(at.asked.length, 3);
});

const LAPSES: Record<string, object> = {
  conversations: { type: "error", error: "Again.", message: "Again.", code: "unauthorized" },
  query: { type: "error", error: "Again.", code: "unauthorized", timestamp: 1 },
  chat: { error: "Again.", code: "unauthorized" },
  flows: { error: "Again.", code: "unauthorized", done: true },
  openai: { error: { message: "Again.", code: "unauthorized" }, code: "unauthorized" },
};

for (const [dialect, lapse] of Object.entries(LAPSES)) {
  const lapses = says(numbered(1), `data: ${JSON.stringify(lapse)}\n\ndata: [DONE]\n\n`);

  test(`a login that ends in mid-stream is taken up with a fresh token: ${dialect}`, async () => {
    await using at = await stage(lapses, says(numbered(2, 9)));
    const { asked, headers } = tokens();
    const heard = await every(stream(at.url, { body: {}, headers }));
    assert.deepEqual(
      heard.map((one) => one.seq),
      [1, 2, 9],
    );
    assert.deepEqual(asked, [false, true]);
    assert.equal(at.asked[1]?.headers["last-event-id"], `${RUN}:1`);
    assert.equal(at.asked[1]?.headers.authorization, RENEWED);
  });

  test(`without one it is refused, and the run can be resumed: ${dialect}`, async () => {
    await using at = await stage(lapses, says(numbered(9)));
    let last = "";
    const reading = async () => {
      for await (const { id } of stream(at.url, { body: {} })) last = id;
    };
    const no = { name: "Refused", status: 401, code: "unauthorized", message: "Again." };
    await assert.rejects(reading(), no);
    const rest = await every(stream(at.url, { method: "POST", lastEventId: last }));
    assert.deepEqual([rest.length, at.asked[1]?.headers["last-event-id"]], [1, `${RUN}:1`]);
  });
}

test("a login that ends again and again without anything said is refused", async () => {
  const lapse = `data: ${JSON.stringify(LAPSES.chat)}\n\n`;
  await using at = await stage(says(lapse));
  const { asked, headers } = tokens();
  await assert.rejects(every(stream(at.url, { headers })), { code: "unauthorized" });
  assert.deepEqual(asked, [false, true]);
});

test("headers that cannot be had without a network are tried again; other errors are told", async () => {
  await using at = await stage(says(numbered(9)));
  const offline = [new TypeError("fetch failed"), new DOMException("late", "TimeoutError")];
  const headers = async () => {
    const problem = offline.pop();
    if (problem) throw problem;
    return {};
  };
  assert.equal((await every(stream(at.url, { headers }))).length, 1);
  const gone = new Error("signed out");
  await assert.rejects(every(stream(at.url, { headers: () => Promise.reject(gone) })), gone);
  assert.equal(at.asked.length, 1);
});

test("the signal ends it while it waits for headers", async () => {
  const leaving = new AbortController();
  const options: Options = {
    signal: leaving.signal,
    headers: () => {
      queueMicrotask(() => leaving.abort());
      return new Promise(() => {});
    },
  };
  await assert.rejects(every(stream("http://127.0.0.1:1", options)), { name: "AbortError" });
});

// How it is refused: every dialect's words, as `docs/api.md` has them

const FIELD = { loc: ["body", "message"], msg: "Expected `str`", type: "invalid" };
const SHAPES: [string, unknown, [string, string, string | null]][] = [
  ["a text", { detail: "No.", code: "forbidden" }, ["forbidden", "No.", null]],
  [
    "a list of what is wrong where",
    { detail: [FIELD], code: "invalid_request" },
    ["invalid_request", "Expected `str`", "message"],
  ],
  [
    "deep inside a body",
    { detail: [{ loc: ["body", "media_files", 0, "id"], msg: "No." }], code: "invalid_request" },
    ["invalid_request", "No.", "media_files.0.id"],
  ],
  ["chat", { error: "No.", code: "rate_limited" }, ["rate_limited", "No.", null]],
  [
    "interactions",
    {
      detail: "message: No.",
      code: "invalid_request",
      errors: [{ field: "message", message: "No." }],
    },
    ["invalid_request", "message: No.", "message"],
  ],
  [
    "openai",
    { error: { message: "No.", type: "t", param: "model", code: "model_not_found" } },
    ["model_not_found", "No.", "model"],
  ],
  ["a proxy's page", "<html>Bad Gateway</html>", ["", "Bad Gateway", null]],
  ["JSON of somebody else's", [1], ["", "Bad Gateway", null]],
  ["nothing", null, ["", "Bad Gateway", null]],
];

for (const [name, body, expected] of SHAPES) {
  test(`a refusal in every dialect's words: ${name}`, async () => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = new Response(text, { status: 502, statusText: "Bad Gateway" });
    const { code, message, field } = await refusal(response);
    assert.deepEqual([code, message, field], expected);
  });
}

test("without any word it is its number, and a broken body is none", async () => {
  assert.equal((await refusal(new Response("", { status: 502 }))).message, "HTTP 502");
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
  assert.equal((await refusal(new Response(body, { status: 500 }))).message, "HTTP 500");
});

test("Retry-After is a number of seconds, or a date, or nothing", async () => {
  const after = async (value: string) =>
    (await refusal(new Response("", { status: 429, headers: { "Retry-After": value } })))
      .retryAfter;
  assert.equal(await after("0"), 0);
  assert.equal(await after("120"), 120);
  assert.equal(await after("soon"), null);
  assert.equal(await after("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  assert.ok(((await after("Fri, 01 Jan 2100 00:00:00 GMT")) ?? 0) > 1e6);
  assert.equal((await refusal(new Response("", { status: 429 }))).retryAfter, null);
});

// Stopping a run

test("cancel stops a run at its server, wherever that lives, and renews a token once", async () => {
  const receipt = { state: "cancelled", text_length: 3, tokens_used: 2, cost: null };
  await using at = await stage(SIGN_IN, refuses(200, receipt), SIGN_IN);
  const { asked, headers } = tokens();
  assert.deepEqual(await cancel("r/1", { server: `${at.url}/below`, headers }), receipt);
  assert.deepEqual(
    at.asked.map((one) => [one.method, one.path]),
    Array(2).fill(["POST", "/below/api/v1/runs/r%2F1/cancel"]),
  );
  assert.deepEqual(asked, [false, true]);
  await assert.rejects(cancel("r", { server: new URL(at.url) }), Refused);
});

// What is left behind

test("it tries again at once where the network comes back", async () => {
  await using at = await stage(refuses(503, {}, { "Retry-After": "3600" }), says(numbered(9)));
  using world = page();
  const states: State[] = [];
  const onState: Options["onState"] = (state) => {
    states.push(state);
    world.online(state);
  };
  await every(stream(at.url, { lastEventId: "r:1", patience: 1e9, onState }));
  assert.deepEqual(states, ["connecting", "waiting", "connecting", "open"]);
});

const LEAVES = `
  const { stream } = await import(process.argv[1]);
  const url = process.argv[2];
  const read = async (options, most = 9) => {
    for await (const { seq } of stream(url, options)) if (seq >= most) break;
  };
  await read({ body: {} });
  await read({ body: {} }, 1);
  const leaving = new AbortController();
  const onState = (state) => state === "waiting" && queueMicrotask(() => leaving.abort());
  await read({ lastEventId: "r:1", signal: leaving.signal, onState }).catch(() => {});
  await read({ body: {}, patience: 0 }).catch(() => {});
  console.log("left", process.getActiveResourcesInfo().filter((name) => name === "Timeout").length);
`;

test("a process that has read streams ends by itself, without a timer left", async () => {
  const open = begins(`id: ${RUN}:1\ndata: ${said(1)}\n\n`);
  const busy = refuses(503, {}, { "Retry-After": "3600" });
  await using at = await stage(breaks(numbered(1)), says(numbered(9)), open, busy, busy);
  const client = new URL("./sluice.ts", import.meta.url).href;
  const given = ["--input-type=module", "--eval", LEAVES, client, at.url];
  const { stdout } = await promisify(execFile)(process.execPath, given, { timeout: 30_000 });
  assert.equal(stdout, "left 0\n");
  assert.equal(at.asked.length, 5);
});

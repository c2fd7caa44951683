/** Requests, snippets and addresses: what is made of what a form holds. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { javascript, json, python, shell } from "./snippets/quoting.ts";
import { LANGUAGES, type Language, snippet } from "./snippets/snippets.ts";
import { fromSearch, missing, request, toSearch } from "./ways/request.ts";
import type { Json } from "./ways/shapes.ts";
import { DIALECTS, WAYS, wayOf, waysOf } from "./ways/ways.ts";

const SERVER = "http://127.0.0.1:8000/below/";
const HARD = [
  "plain",
  `it's "quoted" \\ back\\\\slash`,
  `$HOME \`id\` $(id) !! %s \\n \\x41 \${key}`,
  "line\nbreak\r\n\ttab \u0000 \u001b[0m \u007f",
  "Xin chào, 你好, 👩‍👩‍👧 e\u0301",
  "\u0085 \u2028 \u2029 \u202e \ufeff \u200b",
  "'; rm -rf / #",
  "data: x\n\nid: 1",
  "</script><!--",
  "",
];
const NESTED: Json = { all: HARD, n: [0.7, 1e21, -0, true, false, null], deep: { "a'b": {} } };

test("a shell takes any text for what it is", () => {
  const texts = [...HARD.filter((text) => !text.includes("\u0000")), "@file", "-d", "a'b'c"];
  for (const text of texts) {
    const said = execFileSync("sh", ["-c", `printf %s ${shell(text)}`]).toString();
    assert.equal(said, text);
  }
});

test("a shell takes any JSON for what it is", () => {
  const said = execFileSync("sh", ["-c", `printf %s ${shell(json(NESTED))}`]).toString();
  assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(NESTED)));
});

for (const indent of [0, 4]) {
  test(`JavaScript takes any JSON for what it is, ${indent} in`, () => {
    const found = new Function(`return ${javascript(NESTED, indent)}`)();
    assert.deepEqual(JSON.stringify(found), JSON.stringify(NESTED));
  });

  test(`Python takes any JSON for what it is, ${indent} in`, () => {
    const program = `import json\nprint(json.dumps(${python(NESTED, indent)}))`;
    const said = execFileSync("python3", ["-c", program]).toString();
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(NESTED)));
  });
}

test("what is not seen is escaped", () => {
  for (const write of [json, javascript, python]) {
    assert.match(write("a\u202eb"), /^"a\\u202eb"$/);
  }
});

test("every dialect has ways, and every way an id of its own", () => {
  for (const dialect of DIALECTS) assert.ok(waysOf(dialect).length > 0, dialect);
  assert.equal(new Set(WAYS.map((way) => way.id)).size, WAYS.length);
});

const HELD = { message: HARD.join(" "), model: "demo/n=5", run_id: "abc", temperature: "0.2" };

/** Every way as a program of this language, with a key and without one. */
const programs = (language: Language): string[] =>
  WAYS.flatMap((way) =>
    [true, false].map((bearer) =>
      snippet(language, request(way, HELD, SERVER), { bearer, model: "demo" }),
    ),
  );

test("every way is something that a shell understands", () => {
  execFileSync("sh", ["-n"], { input: programs("curl").join("\n"), stdio: "pipe" });
});

test("every way is something that Python understands", () => {
  const check = "import ast, json, sys\nfor one in json.load(sys.stdin): ast.parse(one)";
  const input = JSON.stringify(programs("python"));
  execFileSync("python3", ["-c", check], { input, stdio: "pipe" });
});

test("every way is something that JavaScript understands", () => {
  const Body = (async () => {}).constructor as FunctionConstructor;
  for (const text of programs("javascript")) new Body(text.replace(/^import .*$/gm, ""));
});

test("a key is named where one is needed, and only there", () => {
  for (const way of WAYS) {
    for (const language of Object.keys(LANGUAGES) as Language[]) {
      for (const bearer of [true, false]) {
        const text = snippet(language, request(way, HELD, SERVER), { bearer, model: "demo" });
        assert.doesNotMatch(text, /undefined|\[object/);
        const always = way.dialect === "openai" && language !== "curl";
        const never = way.id === "chat.socketio" && language === "curl";
        const expected = (bearer || always) && !never;
        assert.equal(/SLUICE_KEY/.test(text), expected, `${way.id} ${language} ${bearer}`);
      }
    }
  }
});

test("what is left empty is left to the server", () => {
  const { body } = request(wayOf("query.sse"), { message: "hi", temperature: "" }, SERVER);
  assert.deepEqual(body, { query: "hi" });
});

test("numbers are numbers, choices are what they say, and the page's own fields stay here", () => {
  const values = { message: "1", max_tokens: "20", partial: "false", carriage: "polling" };
  const { body } = request(wayOf("chat.socketio"), values, SERVER);
  assert.deepEqual(body, { message: "1", partial: false });
  assert.deepEqual(request(wayOf("query.ws"), values, SERVER).body, {
    query: "1",
    max_tokens: 20,
  });
});

test("a path takes its field out of the body, and the server may live below a path", () => {
  const { address, body } = request(wayOf("flows.json"), { flow: "a/b ?" }, SERVER);
  assert.equal(address, "http://127.0.0.1:8000/below/api/flows/a%2Fb%20%3F");
  assert.deepEqual(body, { user_input: "Hello" });
});

test("a GET stands in its address, and a WebSocket has its own scheme", () => {
  const values = { message: "a&b=ü", run_id: "r", after: "3" };
  assert.equal(
    request(wayOf("chat.get"), values, SERVER).address,
    "http://127.0.0.1:8000/below/api/chat/stream?message=a%26b%3D%C3%BC",
  );
  assert.equal(
    request(wayOf("runs.get"), values, SERVER).address,
    "http://127.0.0.1:8000/below/api/v1/runs/r/events?last_event_id=r%3A3",
  );
  assert.equal(
    request(wayOf("query.ws"), values, "https://x.test/").address,
    "wss://x.test/api/v1/query/ws",
  );
});

test("OpenAI's API is asked in messages, GraphQL in a document, and files are a list", () => {
  const values = { message: "hi", system: "be brief", media_id: "m" };
  assert.deepEqual(request(wayOf("openai.sse"), values, SERVER).body, {
    messages: [
      { role: "system", content: "be brief" },
      { role: "user", content: "hi" },
    ],
    stream: true,
    stream_options: { include_usage: true },
  });
  const { body } = request(wayOf("interactions.mutation"), values, SERVER);
  assert.match(String(body?.query), /^mutation .*do_conversation/s);
  assert.deepEqual(body?.variables, { message: "hi" });
  assert.deepEqual(request(wayOf("interactions.sse"), values, SERVER).body, {
    message: "hi",
    media_files: [{ id: "m" }],
  });
});

test("only what an address cannot do without is asked for here", () => {
  assert.deepEqual(missing(wayOf("runs.get"), {}), ["run_id"]);
  assert.deepEqual(missing(wayOf("flows.json"), { flow: " " }), ["flow"]);
  assert.deepEqual(missing(wayOf("query.sse"), { message: "" }), []);
});

test("an address keeps a set-up, but nothing that opens something", () => {
  const values = { message: "a & b", model: "demo/n=5,delay=0ms", session_id: "s", run_id: "r" };
  const search = toSearch(wayOf("chat.get"), { ...values, reader: "EventSource" });
  const back = fromSearch(`?${search}`);
  assert.equal(back.way.id, "chat.get");
  assert.deepEqual(back.values, {
    message: values.message,
    model: values.model,
    reader: "EventSource",
  });
  assert.equal(toSearch(wayOf("runs.get"), values), "way=runs.get");
});

test("an address without a way, or with an unknown one, leads to the first", () => {
  assert.equal(fromSearch("").way.id, "query.sse");
  assert.equal(fromSearch("?way=nonsense").way.id, "query.sse");
});

/** Server-sent events, whole and cut at every place. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messages, type Said, SseParser } from "./sluice.ts";
import { every } from "./testing/all.ts";

const message = (data: string, id = "", event = "message"): Said => ({ id, event, data });

const SAID: Record<string, [string, Said[]]> = {
  "an event": ["data: one\n\n", [message("one")]],
  "without the space": ["data:one\n\n", [message("one")]],
  "only one space is dropped": ["data:  one \n\n", [message(" one ")]],
  "several lines": ["data: one\ndata: two\n\n", [message("one\ntwo")]],
  "carriage returns": ["data: one\r\rdata: two\r\r", [message("one"), message("two")]],
  "both, as one end of a line": ["data: one\r\ndata: two\r\n\r\n", [message("one\ntwo")]],
  "all ends of lines at once": ["data: a\rdata: b\ndata: c\r\n\n", [message("a\nb\nc")]],
  "a mark of the byte order, once": [
    "\uFEFFdata: one\n\n\uFEFFdata: two\n\ndata: \uFEFF\n\n",
    [message("one"), message("\uFEFF")],
  ],
  "an id, which holds on": [
    "id: r:1\ndata: one\n\ndata: two\n\nid\ndata: three\n\n",
    [message("one", "r:1"), message("two", "r:1"), message("three")],
  ],
  "an id with a NUL is none": ["id: a\0b\ndata: one\n\n", [message("one")]],
  "a type, which does not": [
    "event: odd\ndata: one\n\ndata: two\n\n",
    [message("one", "", "odd"), message("two")],
  ],
  "what has no data is no event": ["event: odd\nid: r:1\n\ndata: one\n\n", [message("one", "r:1")]],
  "data that is empty": ["data\n\ndata:\n\n", [message(""), message("")]],
  "a comment": [": keep-alive\n\ndata: one\n\n", [{ comment: "keep-alive" }, message("one")]],
  "an unknown field": ["retry: 1000\nfoo: bar\nfoo\ndata: one\n\n", [message("one")]],
  "a colon in the data": ['data: {"a":"b: c"}\n\n', [message('{"a":"b: c"}')]],
  "what breaks off is no event": ["data: one\n\ndata: tw", [message("one")]],
  "not even without its blank line": ["data: one\n\ndata: two\n", [message("one")]],
  "hard characters": [
    "data: Huế 👩‍🚀 e\u0301 \u2028\u2029\u0085\v\f\0\n\n",
    [message("Huế 👩‍🚀 e\u0301 \u2028\u2029\u0085\v\f\0")],
  ],
};

for (const [name, [text, expected]] of Object.entries(SAID)) {
  test(`the parser, cut at every place: ${name}`, () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const parser = new SseParser();
      const said = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
      assert.deepEqual(said, expected, `cut at ${cut}`);
    }
    const parser = new SseParser();
    assert.deepEqual(
      text.split("").flatMap((unit) => parser.feed(unit)),
      expected,
      "unit by unit",
    );
  });

  test(`a response, cut at every byte: ${name}`, async () => {
    const bytes = new TextEncoder().encode(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      assert.deepEqual(await saidBy(bytes.subarray(0, cut), bytes.subarray(cut)), expected);
    }
    assert.deepEqual(await saidBy(...Array.from(bytes, (byte) => Uint8Array.of(byte))), expected);
  });
}

test("what one read brought comes together", async () => {
  const reads = ["data: 1\n\ndata: 2\n\nda", "ta: 3\n\n"].map((text) =>
    new TextEncoder().encode(text),
  );
  assert.deepEqual(await every(messages(response(reads))), [
    [message("1"), message("2")],
    [message("3")],
  ]);
});

function response(reads: Uint8Array<ArrayBuffer>[]): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const read of reads) if (read.length) controller.enqueue(read);
      controller.close();
    },
  });
  return new Response(body);
}

async function saidBy(...reads: Uint8Array<ArrayBuffer>[]): Promise<Said[]> {
  return (await every(messages(response(reads)))).flat();
}

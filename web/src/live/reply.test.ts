import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversationEvent } from "#client";
import { Frames, Reply } from "./reply.ts";

/** Frames that are drawn when the test says so. */
class Screen {
  due: (() => void)[] = [];
  readonly frames: Frames;

  constructor(smooth = true) {
    this.frames = new Frames(
      (draw) => this.due.push(draw),
      () => smooth,
    );
  }

  draw(): boolean {
    const due = this.due.splice(0);
    for (const draw of due) draw();
    return due.length > 0;
  }
}

const event = (seq: number, data: ConversationEvent) => ({ id: `r:${seq}`, run: "r", seq, data });
const chunk = (seq: number, content: string) => event(seq, { type: "chunk", content });
const end = (seq: number) =>
  event(seq, {
    type: "end",
    message: "",
    conversation_id: "c",
    message_id: "m",
    tokens_used: 1,
    finish_reason: "stop",
    model: "demo",
  });

test("text is shown a little in each frame, until all of it is", () => {
  const screen = new Screen();
  const reply = new Reply("r", "c", screen.frames);
  reply.hear(chunk(2, "x".repeat(60)));
  reply.hear(end(3));
  const lengths: number[] = [];
  while (screen.draw()) lengths.push(reply.view.text.length);

  assert.equal(lengths[0], 10);
  assert.deepEqual(
    lengths,
    lengths.toSorted((a, b) => a - b),
  );
  assert.equal(reply.view.text.length, 60);
  assert.equal(reply.view.over, true);
});

test("it is over only when all that was said is shown", () => {
  const screen = new Screen();
  const reply = new Reply("r", "c", screen.frames);
  reply.hear(chunk(2, "x".repeat(60)));
  reply.hear(end(3));
  screen.draw();

  assert.deepEqual([reply.ended, reply.view.over], [true, false]);
});

test("who catches up sees nearly all at once, and who likes it calm sees all", () => {
  const moving = new Screen();
  const calm = new Screen(false);
  const replies = [new Reply("r", "c", moving.frames), new Reply("r", "c", calm.frames)];
  for (const reply of replies) reply.hear(chunk(2, "x".repeat(5000)));
  moving.draw();
  calm.draw();

  assert.deepEqual(
    replies.map((reply) => reply.view.text.length),
    [4940, 5000],
  );
});

test("a character is never shown by half", () => {
  const screen = new Screen();
  const reply = new Reply("r", "c", screen.frames);
  reply.hear(chunk(2, "😀".repeat(8)));
  while (screen.draw()) assert.equal(reply.view.text.isWellFormed(), true);

  assert.equal(reply.view.text, "😀".repeat(8));
});

test("an event that was heard already changes nothing", () => {
  const screen = new Screen(false);
  const reply = new Reply("r", "c", screen.frames);
  for (const seq of [2, 2, 1, 3]) reply.hear(chunk(seq, `${seq}`));
  screen.draw();

  assert.equal(reply.view.text, "23");
});

test("another tab's state is taken over where it is further, and only then", () => {
  const screen = new Screen(false);
  const reply = new Reply("r", "c", screen.frames);
  const state = { model: "demo", text: "Hello", seq: 5, ended: false, failure: null };
  reply.hear(chunk(3, "Hel"));
  reply.adopt({ ...state, text: "H", seq: 2 });
  screen.draw();
  assert.equal(reply.view.text, "Hel");

  reply.adopt(state);
  reply.hear(chunk(6, "!"));
  screen.draw();
  assert.equal(reply.view.text, "Hello!");
});

test("a failure is told, and what was said before it stays", () => {
  const screen = new Screen(false);
  const reply = new Reply("r", "c", screen.frames);
  reply.hear(chunk(2, "Half"));
  reply.hear(event(3, { type: "error", error: "No.", message: "No.", code: "provider_timeout" }));
  screen.draw();

  assert.deepEqual(reply.view.failure, { code: "provider_timeout", text: "No." });
  assert.deepEqual([reply.view.text, reply.view.over], ["Half", true]);
});

test("all replies that have changed are drawn in the same frame", () => {
  const screen = new Screen(false);
  const replies = ["a", "b"].map((run) => new Reply(run, "c", screen.frames));
  for (const reply of replies) {
    reply.hear(chunk(2, "x"));
    reply.hear(chunk(3, "y"));
  }

  assert.equal(screen.due.length, 1);
});

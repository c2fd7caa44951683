import assert from "node:assert/strict";
import { test } from "node:test";
import type { ManagedUser } from "../api/admin.ts";
import { edits } from "./edits.ts";

const user: ManagedUser = {
  id: "1",
  username: "ann",
  email: null,
  role: "user",
  disabled: false,
  created_at: "2026-01-01T00:00:00Z",
  max_runs: 4,
  daily_tokens: null,
};

test("what stays as it is is not sent", () => {
  assert.deepEqual(edits(user, { role: "user", max_runs: "4", daily_tokens: "" }), {});
});

test("an empty limit is none, and zero is zero", () => {
  assert.deepEqual(edits(user, { role: "admin", max_runs: " ", daily_tokens: "0" }), {
    role: "admin",
    max_runs: null,
    daily_tokens: 0,
  });
});

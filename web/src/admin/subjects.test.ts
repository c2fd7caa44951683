import assert from "node:assert/strict";
import { test } from "node:test";
import { subjectUser } from "./subjects.ts";

const entry = (action: string, subject = "u1", outcome = "ok") => ({
  id: "1",
  at: "2026-01-01T00:00:00Z",
  actor: null,
  action,
  subject,
  address: "",
  outcome,
});

test("a line about a user says which", () => {
  assert.equal(subjectUser(entry("user_change")), "u1");
  assert.equal(subjectUser(entry("sign_in", "u1", "unauthorized")), "u1");
});

test("a session, a key and nobody are no users", () => {
  assert.equal(subjectUser(entry("sign_in", "login")), null);
  assert.equal(subjectUser(entry("key_create", "key_1")), null);
  assert.equal(subjectUser(entry("sign_in", "-", "unauthorized")), null);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { placed } from "./problems.ts";

test("a problem goes to the field that its text begins with, and is told without it", () => {
  const error = { message: "email: expected an address" };
  assert.deepEqual(placed(error, ["name", "email"]), {
    field: "email",
    text: "Expected an address",
  });
});

test("a field that the error names is taken, if the form has it", () => {
  const error = { message: "This name is taken.", field: "username" };
  assert.equal(placed(error, ["username"]).field, "username");
  assert.equal(placed(error, ["email"]).field, null);
});

test("what names no field belongs to the whole form, word for word", () => {
  const error = { message: "Sorry: not now" };
  assert.deepEqual(placed(error, ["email"]), { field: null, text: "Sorry: not now" });
});

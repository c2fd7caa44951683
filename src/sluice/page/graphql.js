// Asks GraphQL, and shows the answer, or a subscription's events while they come.

import { Account } from "./account.js";
import { SseParser } from "./sluice.js";

const SCHEMA = `{ __schema { types { name kind description fields { name description
  args { name type { name kind ofType { name kind } } }
  type { name kind ofType { name kind ofType { name kind } } } } } } }`;
const TAKEN = "application/graphql-response+json, application/json, text/event-stream";
const $ = (id) => document.getElementById(id);
const account = new Account($("account"));
let asking = null;

async function headers() {
  const said = await account.headers();
  return { "Content-Type": "application/json", "X-Sluice-Request": "page", Accept: TAKEN, ...said };
}

function busy(is) {
  $("stop").setAttribute("aria-disabled", String(!is));
}

function show(text) {
  $("result").textContent += `${text}\n`;
}

async function ask(query, variables) {
  asking?.abort();
  const mine = (asking = new AbortController());
  $("result").textContent = "";
  busy(true);
  try {
    const body = JSON.stringify({ query, variables });
    const response = await fetch("graphql", { method: "POST", headers: await headers(), body, signal: mine.signal });
    if (response.headers.get("content-type").startsWith("text/event-stream")) await follow(response);
    else show(JSON.stringify(await response.json(), null, 2));
  } catch (problem) {
    if (!mine.signal.aborted) show(String(problem));
  } finally {
    if (asking === mine) busy(false);
  }
}

async function follow(response) {
  const parser = new SseParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    for (const message of parser.feed(read.value)) {
      if (message.event === "next") show(message.data);
    }
  }
}

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  try {
    ask($("query").value, JSON.parse($("variables").value || "null"));
  } catch (problem) {
    $("result").textContent = `Variables: ${problem.message}`;
  }
});
$("stop").addEventListener("click", () => asking?.abort());
$("schema").addEventListener("click", () => ask(SCHEMA, null));

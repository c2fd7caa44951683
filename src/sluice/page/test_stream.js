// The page on which a person asks one provider or another, and watches the answer arrive.

import { Account } from "./account.js";
import { Answer, switchButtons } from "./answer.js";
import { announce, providers } from "./health.js";
import { messages } from "./sluice.js";
import { cancel, parse, post, refusal, runOf, trouble } from "./wire.js";

const STOP_PATIENCE = 1000; // ms that a cancelled stream gets to say its own end

/** Show one event's data. Returns whether it was the last. */
function take(answer, data) {
  const event = parse(data) ?? {};
  if (event.error !== undefined) answer.fail({ code: event.code, text: event.error });
  else if (event.done) answer.done(summary(event));
  else answer.text(event.chunk);
  return Boolean(event.done);
}

function summary({ model, tokens, finish_reason }) {
  const how = finish_reason === "cancelled" ? "Stopped" : `Done (${finish_reason ?? "stop"})`;
  return `${how}: ${model ?? "unknown model"}, ${tokens ?? "?"} tokens.`;
}

/** `POST /api/stream/chat`, read with `fetch`. */
class Fetched {
  #account;
  #abort = null;
  #run = null;

  constructor(account) {
    this.#account = account;
  }

  async ask(answer, request) {
    this.#abort = new AbortController();
    this.#run = null;
    const response = await post("api/stream/chat", request, {
      account: this.#account,
      signal: this.#abort.signal,
    });
    if (!response.ok) {
      const { raw, ...problem } = await refusal(response);
      answer.event(raw);
      return answer.fail(problem);
    }
    this.#run = response.headers.get("X-Run-Id");
    let ended = false;
    for await (const arrived of messages(response)) {
      for (const { comment, data } of arrived) {
        if (comment !== undefined) answer.note(`: ${comment}`);
        else {
          answer.event(data);
          ended = take(answer, data) || ended;
        }
      }
    }
    if (!ended) answer.fail({ code: "connection", text: "The stream ended without saying so." });
  }

  async stop() {
    const abort = this.#abort;
    const receipt = await cancel(this.#run, this.#account);
    setTimeout(() => abort.abort(), receipt ? STOP_PATIENCE : 0);
  }
}

/** `GET /api/stream/chat-get`, read with `EventSource`, which hides headers and statuses. */
class Sourced {
  #account;
  #run = "";
  #leave = null;

  constructor(account) {
    this.#account = account;
  }

  async ask(answer, request) {
    this.#run = "";
    const query = new URLSearchParams({ ...request, ...(await this.#account.ticket()) });
    const source = new EventSource(`api/stream/chat-get?${query}`);
    await new Promise((resolve, reject) => {
      this.#leave = () => reject(new DOMException("Stopped", "AbortError"));
      source.onmessage = ({ data, lastEventId }) => {
        this.#run = runOf(lastEventId);
        answer.event(data);
        if (take(answer, data)) resolve();
      };
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED) return answer.note("reconnecting…");
        answer.fail({
          code: "refused",
          text: "The server refused the request. EventSource does not say why; fetch does.",
        });
        resolve();
      };
    }).finally(() => source.close());
  }

  async stop() {
    const leave = this.#leave;
    const receipt = await cancel(this.#run, this.#account);
    setTimeout(leave, receipt ? STOP_PATIENCE : 0);
  }
}

/** Say beside each provider in the list whether it can answer. */
function annotate(select, known) {
  for (const option of select.options) {
    const provider = known?.[option.value];
    if (!provider) continue;
    const failing = provider.state === "failing" ? "failing lately" : "ready";
    option.textContent = `${option.value} (${provider.configured ? failing : "not configured"})`;
  }
}

function request(form) {
  const { question, provider, model } = Object.fromEntries(new FormData(form));
  return {
    user_input: question,
    ...(provider && { provider }),
    ...(model.trim() && { model: model.trim() }),
  };
}

const form = document.getElementById("ask");
const [send, stop] = [document.getElementById("send"), document.getElementById("stop")];
const answer = new Answer(document.getElementById("answer"), "of the provider");
const account = new Account(document.getElementById("account"));
const ways = { fetch: new Fetched(account), eventsource: new Sourced(account) };
let running = null;

async function ask() {
  if (running) return;
  running = ways[form.elements.way.value];
  switchButtons(send, stop, true);
  const asked = request(form);
  answer.begin(asked.user_input);
  try {
    await running.ask(answer, asked);
  } catch (problem) {
    const what = trouble(problem);
    if (what) answer.fail(what);
    else answer.done("Stopped.");
  } finally {
    running = null;
    switchButtons(send, stop, false);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
stop.addEventListener("click", () => running?.stop());

const known = await providers();
announce(known, document.getElementById("notice"));
annotate(document.getElementById("provider"), known);

// The page on which a person tries the three ways of the query API.

import { Account } from "./account.js";
import { Answer, switchButtons } from "./answer.js";
import { announce, providers } from "./health.js";
import { messages } from "./sluice.js";
import { cancel, parse, post, refusal, trouble } from "./wire.js";

const STOP_PATIENCE = 1000; // ms that a cancelled stream gets to say its own end

const seconds = (value) => `${Number(value).toFixed(2)} s`;

function summary({ finish_reason, model_used, tokens_used, processing_time }) {
  const how = finish_reason === "cancelled" ? "Stopped" : `Done (${finish_reason})`;
  return `${how}: ${model_used}, ${tokens_used} tokens, ${seconds(processing_time)} on the server.`;
}

/** What each event of a stream does to the answer. Returns whether it was the last. */
const EVENTS = {
  start: () => false,
  content: (answer, { chunk }) => (answer.text(chunk), false),
  end: (answer, event) => (answer.done(summary(event)), true),
  error: (answer, { code, error }) => (answer.fail({ code, text: error }), true),
};

function take(answer, data) {
  const event = parse(data);
  return Object.hasOwn(EVENTS, event?.type ?? "") && EVENTS[event.type](answer, event);
}

/** `POST /api/v1/query`: one document. */
class Standard {
  #account;
  #abort = null;

  constructor(account) {
    this.#account = account;
  }

  async ask(answer, request) {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const response = await post("api/v1/query", request, { account: this.#account, signal });
    if (!response.ok) return refused(answer, response);
    const raw = await response.text();
    const body = parse(raw) ?? {};
    answer.event(raw);
    answer.text(body.full_response);
    answer.done(summary(body));
  }

  stop() {
    this.#abort.abort();
  }
}

/** `POST /api/v1/query/stream`: server-sent events, read with `fetch`. */
class Stream {
  #account;
  #abort = null;
  #answer = null;
  #run = null;

  constructor(account) {
    this.#account = account;
  }

  async ask(answer, request) {
    this.#abort = new AbortController();
    this.#answer = answer;
    this.#run = null;
    const { signal } = this.#abort;
    const response = await post("api/v1/query/stream", request, { account: this.#account, signal });
    if (!response.ok) return refused(answer, response);
    this.#run = response.headers.get("X-Run-Id");
    answer.note(`X-Run-Id: ${this.#run}`);
    if (!(await this.#read(response, answer))) {
      answer.fail({ code: "connection", text: "The stream ended without saying so." });
    }
  }

  async #read(response, answer) {
    let ended = false;
    for await (const arrived of messages(response)) {
      for (const { comment, id, data } of arrived) {
        if (comment !== undefined) {
          answer.note(`: ${comment}`);
          continue;
        }
        answer.event(data === "[DONE]" ? data : `${sequence(id)} ${data}`);
        ended = take(answer, data) || ended;
      }
    }
    return ended;
  }

  async stop() {
    const { signal } = this.#abort;
    const abort = this.#abort;
    const receipt = await cancel(this.#run, this.#account);
    if (receipt) this.#answer.note(`cancelled: ${receipt}`);
    if (!signal.aborted) setTimeout(() => abort.abort(), receipt ? STOP_PATIENCE : 0);
  }
}

/** The number in an event's id, `run:seq`, as the log shows it. */
const sequence = (id) => `#${id.slice(id.lastIndexOf(":") + 1)}`;

/** `WS /api/v1/query/ws`: one connection, which remembers its turns. */
class Socket {
  #account;
  #socket = null;
  #turn = null;
  #turns = 0;
  #said;

  /** `said` hears what has become of the connection. */
  constructor(account, said) {
    this.#account = account;
    this.#said = said;
  }

  get open() {
    return this.#socket !== null;
  }

  async ask(answer, request) {
    await this.#connect(answer);
    const id = String(this.#turns + 1);
    await new Promise((resolve) => {
      this.#turn = { id, answer, resolve };
      this.#socket.send(JSON.stringify({ ...request, id }));
    });
  }

  stop() {
    this.#socket?.send(JSON.stringify({ type: "cancel" }));
  }

  close() {
    this.#socket?.close(1000);
  }

  async #connect(answer) {
    if (this.#socket) return;
    const address = new URL("api/v1/query/ws", document.baseURI);
    address.search = new URLSearchParams(await this.#account.ticket());
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.onopen = () => {
        answer.note("connected");
        this.#socket = socket;
        this.#turns = 0;
        this.#tell();
        resolve();
      };
      socket.onmessage = ({ data }) => this.#take(data);
      socket.onclose = ({ code }) => {
        this.#closed(code);
        reject(new Error("closed")); // which matters only before it was open
      };
    });
  }

  #take(data) {
    const { id, answer, resolve } = this.#turn ?? {};
    if (!answer) return;
    answer.event(data);
    const theirs = parse(data)?.id;
    if (theirs !== undefined && theirs !== null && theirs !== id) return;
    if (!take(answer, data)) return;
    this.#turn = null;
    this.#turns += 1;
    this.#tell();
    resolve();
  }

  #closed(code) {
    const turn = this.#turn;
    this.#socket = this.#turn = null;
    this.#said(`Not connected (closed with code ${code}). The next question opens a new connection, which knows nothing of the earlier ones.`);
    turn?.answer.fail({ code: "connection", text: `The connection closed with code ${code}.` });
    turn?.resolve();
  }

  #tell() {
    const turns = this.#turns === 1 ? "1 question" : `${this.#turns} questions`;
    this.#said(
      this.#turns
        ? `Connected. It remembers ${turns}, so “Give me an example” works as the next.`
        : "Connected. The connection stays open, so that a second question has the first as its context.",
    );
  }
}

async function refused(answer, response) {
  const { raw, ...problem } = await refusal(response);
  answer.event(raw);
  answer.fail(problem);
}

/** The form's fields as a request: what is left empty is left to the server. */
function request(form) {
  const { query, model, temperature, max_tokens } = Object.fromEntries(new FormData(form));
  return {
    query,
    ...(model.trim() && { model: model.trim() }),
    ...(temperature && { temperature: Number(temperature) }),
    ...(max_tokens && { max_tokens: Number(max_tokens) }),
  };
}

/** Connect a card to its way. Returns the function that sends what the form holds. */
function card(id, way, { keep = false } = {}) {
  const section = document.getElementById(id);
  const button = (name) => section.querySelector(`[data-do="${name}"]`);
  const [send, stop] = [button("send"), button("stop")];
  const answer = new Answer(section, section.querySelector("h2").textContent);
  let running = false;

  const ask = async () => {
    if (running) return;
    const asked = request(form);
    running = true;
    switchButtons(send, stop, running);
    answer.begin(asked.query, { keep });
    try {
      await way.ask(answer, asked);
    } catch (problem) {
      const what = trouble(problem);
      if (what) answer.fail(what);
      else answer.done("Stopped.");
    } finally {
      running = false;
      switchButtons(send, stop, running);
    }
  };
  send.addEventListener("click", ask);
  stop.addEventListener("click", () => running && way.stop());
  return ask;
}

const form = document.getElementById("ask");
const connection = document.getElementById("connection");
const close = document.querySelector('[data-do="close"]');

const account = new Account(document.getElementById("account"));
const socket = new Socket(account, (text) => {
  connection.textContent = text;
  close.setAttribute("aria-disabled", String(!socket.open));
});
const ways = [
  card("standard", new Standard(account)),
  card("stream", new Stream(account)),
  card("socket", socket, { keep: true }),
];

close.addEventListener("click", () => socket.close());
form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const ask of ways) ask();
});
announce(await providers(), document.getElementById("notice"));

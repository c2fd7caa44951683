// Stored conversations, from a browser or from Node: sign in, say something, watch the reply.
//
//   const talk = await signIn("http://127.0.0.1:8000", "ada", "correct horse");
//   for await (const event of talk.say("What is a sluice?")) …
//
// The token is kept in memory: what is stored, any script of a page could read for ever.

/** Sign in by name or e-mail address. Throws what the server refuses with. */
export async function signIn(server, username, password) {
  const response = await post(`${server}/api/v1/auth/login`, { username, password });
  return new Talk(server, (await response.json()).access_token);
}

/** One conversation, which the server begins with the first message. */
class Talk {
  #server;
  #bearer;
  #place = null;
  #run = null;

  constructor(server, token) {
    this.#server = server;
    this.#bearer = { Authorization: `Bearer ${token}` };
  }

  /** Say something; the events of the reply follow. Throws where it fails, or is cut off. */
  say(message) {
    return this.#heard(this.#fetched(this.#said(message)));
  }

  /** The same by `EventSource`, which comes back by itself where it is cut off. */
  listen(message) {
    return this.#heard(this.#listened(this.#said(message)));
  }

  /** Stop the reply that is being written. */
  async stop() {
    if (this.#run) await this.#post(`/api/v1/runs/${this.#run}/cancel`);
  }

  #said(message) {
    return this.#place ? { message, conversation_id: this.#place } : { message };
  }

  #post(path, body) {
    return post(this.#server + path, body, this.#bearer);
  }

  async *#heard(events) {
    for await (const event of events) {
      if (event.type === "error") throw new Error(`${event.code}: ${event.error}`);
      if (event.type === "start") [this.#place, this.#run] = [event.conversation_id, event.run_id];
      yield event;
      if (event.type === "end") return;
    }
    throw new Error("refused, or cut off");
  }

  // An event ends with a blank line; a read may hold several of them, or half of one.
  async *#fetched(said) {
    const { body } = await this.#post("/api/v1/chat/stream", said);
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let read; !(read = await reader.read()).done; ) {
      text += read.value;
      const parts = text.split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  }

  // EventSource can set no header: a ticket says who asks. It is good for one stream, and for
  // coming back to it, which EventSource does with the id of the last event.
  async *#listened(said) {
    const { ticket } = await (await this.#post("/api/v1/auth/ticket")).json();
    const query = new URLSearchParams({ ...said, ticket });
    const source = new EventSource(`${this.#server}/api/v1/chat/stream?${query}`);
    const heard = new ReadableStream({
      start(queue) {
        source.onmessage = ({ data }) => queue.enqueue(JSON.parse(data));
        source.onerror = () => source.readyState === EventSource.CLOSED && queue.close();
      },
    }).getReader();
    try {
      for (let read; !(read = await heard.read()).done; ) yield read.value;
    } finally {
      source.close();
    }
  }
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (response.ok) return response;
  const { code, detail } = await response.json();
  throw new Error(`${response.status} ${code}: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`);
}

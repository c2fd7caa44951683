// Interactions of the study assistant's API, from a browser or from Node: say something, with files
// if there are any, and watch the reply arrive.
//
//   const assistant = new Assistant("http://127.0.0.1:8000", token);
//   for await (const event of assistant.say("What is a sluice?")) …
//
// Compile it with your project, or run it as it is: Node 24 knows TypeScript.

export interface MediaFile {
  id?: string; // of an uploaded file, or
  url?: string; // where the server finds it
}

export type InteractionEvent =
  | { type: "metadata"; interaction_id: string; is_new_interaction: boolean; user_id: string }
  | { type: "token"; content: string; timestamp: number }
  | {
      type: "complete";
      content: string;
      tokens_used: number;
      points_cost: number;
      timestamp: number;
      finish_reason: string;
      cached: boolean;
      model: string;
    }
  | { type: "error"; error: string; code: string; timestamp: number };

export interface Options {
  mediaFiles?: MediaFile[];
  maxTokens?: number;
  model?: string;
  signal?: AbortSignal;
}

/** What the server refuses with: `code` is for programs. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** One interaction, which the server begins with the first message. */
export class Assistant {
  #server: string;
  #token: string;
  interactionId: string | null = null;

  constructor(server: string, token: string) {
    this.#server = server;
    this.#token = token;
  }

  /** Say something; the events of the reply follow. Throws `Refused`, also where the reply fails. */
  async *say(message: string, options: Options = {}): AsyncGenerator<InteractionEvent> {
    const response = await fetch(`${this.#server}/api/stream/stream-conversation`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#token}` },
      body: JSON.stringify({
        message,
        interaction_id: this.interactionId,
        media_files: options.mediaFiles ?? [],
        max_tokens: options.maxTokens,
        model: options.model,
      }),
      signal: options.signal,
    });
    if (!response.ok) {
      const { code, detail } = await response.json();
      throw new Refused(response.status, code, detail);
    }
    for await (const event of eventsOf(response)) {
      if (event.type === "metadata") this.interactionId = event.interaction_id;
      if (event.type === "error") throw new Refused(response.status, event.code, event.error);
      yield event;
      if (event.type === "complete") return;
    }
    throw new Error("the stream was cut off");
  }
}

// An event ends with a blank line; a read may hold several of them, or half of one.
async function* eventsOf(response: Response): AsyncGenerator<InteractionEvent> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (let read; !(read = await reader.read()).done; ) {
      text += read.value;
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const part of parts) {
        const data = part.split("\n").find((line) => line.startsWith("data: "));
        if (data) yield JSON.parse(data.slice(6));
      }
    }
  } finally {
    await reader.cancel();
  }
}

/** The fields that a request may have. `key` is the page's name for it, `name` the API's. */

export type Kind = "area" | "text" | "number" | "model" | "choice" | "flag";

export interface Field {
  /** The same in every dialect, so that what is typed stays when one chooses another way. */
  key: string;
  /** What the request calls it; empty where it is the page's alone. */
  name: string;
  kind: Kind;
  required?: boolean;
  /** What stands there at first. */
  initial?: string;
  /** What the server takes where it is left empty. */
  fallback?: string;
  options?: readonly string[];
  min?: number;
  max?: number;
  step?: number;
  /** It opens something to whoever knows it, so that it never stands in an address. */
  secret?: boolean;
}

const PROVIDERS = ["", "openai", "gemini", "anthropic", "local", "gguf", "langchain", "demo"];

export const message = (name: string): Field => ({
  key: "message",
  name,
  kind: "area",
  required: true,
  initial: "Hello",
});

export const maxTokens = (fallback?: string): Field => ({
  key: "max_tokens",
  name: "max_tokens",
  kind: "number",
  min: 1,
  step: 1,
  ...(fallback && { fallback }),
});

export const temperature = (fallback?: string): Field => ({
  key: "temperature",
  name: "temperature",
  kind: "number",
  min: 0,
  max: 2,
  step: 0.1,
  ...(fallback && { fallback }),
});

const text = (key: string, more: Partial<Field> = {}): Field => ({
  key,
  name: key,
  kind: "text",
  ...more,
});

export const model: Field = { key: "model", name: "model", kind: "model" };
export const session = text("session_id", { secret: true });
export const conversation = text("conversation_id");
export const interaction = text("interaction_id");
export const media = text("media_id");
export const flow = text("flow");
export const flowOfPath = text("flow", { required: true, initial: "ask" });
export const run = text("run_id", { secret: true, required: true });
export const system = text("system");

export const partial: Field = {
  key: "partial",
  name: "partial",
  kind: "choice",
  options: ["", "true", "false"],
};
export const provider: Field = {
  key: "provider",
  name: "provider",
  kind: "choice",
  options: PROVIDERS,
};
export const invalidKey: Field = { key: "use_invalid_key", name: "use_invalid_key", kind: "flag" };
export const after: Field = {
  key: "after",
  name: "after",
  kind: "number",
  min: 0,
  step: 1,
  fallback: "0",
};

/** With what the page reads a stream that is asked for by `GET`. */
export const reader: Field = {
  key: "reader",
  name: "",
  kind: "choice",
  initial: "fetch",
  options: ["fetch", "EventSource"],
};

/** What carries a Socket.IO connection. */
export const carriage: Field = {
  key: "carriage",
  name: "",
  kind: "choice",
  initial: "websocket",
  options: ["websocket", "polling"],
};

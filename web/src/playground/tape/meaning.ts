/** What an event says, in whichever dialect: a token, an end, what went wrong. Pure. */

export interface Meaning {
  /** It brings a piece of the reply. */
  token: boolean;
  /** Nothing of the reply follows. */
  last: boolean;
  /** What went wrong, in the server's words. */
  problem: string | null;
  /** Of the run that it is part of. */
  run: string | null;
}

type Fields = Record<string, unknown>;

const TOKENS: Record<string, string> = { content: "chunk", token: "content", chunk: "content" };
const ENDS = new Set(["end", "complete", "error"]);

export function meaning(raw: string): Meaning {
  const value = payload(raw);
  const said = inside(value);
  return {
    token: isToken(said),
    last: said.done === true || ENDS.has(String(said.type)) || /^data: ?\[DONE\]$/m.test(raw),
    problem: problemOf(said),
    run: runOf(raw, said),
  };
}

/** The JSON of an event, of a message, of a packet of Socket.IO, or of a whole answer. */
export function payload(raw: string): unknown {
  const lines = raw.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
  const text = lines.length
    ? lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n")
    : raw.replace(/^4\d+(?=\[)/, "");
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a packet or an envelope of GraphQL is around. */
function inside(value: unknown): Fields {
  if (Array.isArray(value)) return inside(value.at(-1)); // [event, payload] of Socket.IO
  const fields = (isFields(value) ? value : {}) as Fields & {
    payload?: Fields;
    data?: { conversation?: unknown };
    choices?: { delta?: unknown }[];
  };
  if (fields.type === "next" && fields.payload) return inside(fields.payload);
  if (isFields(fields.data?.conversation)) return fields.data.conversation;
  const delta = fields.choices?.[0]?.delta;
  return isFields(delta) && fields.error === undefined ? { token: textOf(delta) } : fields;
}

const textOf = ({ content, reasoning_content: thought }: Fields) => content || thought;

function isToken(said: Fields): boolean {
  const field = said.type === undefined ? undefined : TOKENS[String(said.type)];
  if (field !== undefined) return typeof said[field] === "string";
  return [said.token, said.done === false ? said.chunk : undefined].some(
    (text) => typeof text === "string" && text !== "",
  );
}

function problemOf(said: Fields): string | null {
  const found = Array.isArray(said.errors) ? said.errors[0] : said.error;
  if (found === undefined || found === null) return null;
  const fields: Fields = isFields(found) ? found : { message: found };
  const more = isFields(fields.extensions) ? fields.extensions : fields;
  const code = said.code ?? more.code;
  return [code, fields.message].filter((part) => typeof part === "string" && part).join(": ");
}

function runOf(raw: string, said: Fields): string | null {
  const id = /^id: ?(.+)$/m.exec(raw)?.[1] ?? (typeof said.id === "string" ? said.id : "");
  if (typeof said.run_id === "string") return said.run_id;
  return id.includes(":") ? id.slice(0, id.lastIndexOf(":")) : null;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

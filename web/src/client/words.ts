/** What a server says, in whichever of its dialects. Pure; knows no connection. */

/** Why something is refused. */
export interface Reason {
  code: string;
  text: string;
  field: string | null;
}

type Json = Record<string, unknown>;

interface Complaint {
  loc?: unknown[];
  msg?: string;
  message?: string;
  param?: string | null;
  code?: string;
}

/** What an error says: `{detail}`, a text or a list; `{error}`, a text or an object; `{message}`. */
export function reason(body: Json): Reason {
  const found = body.detail ?? body.error ?? body.message ?? "";
  const said = (Array.isArray(found) ? found[0] : found) as string | Complaint | undefined;
  const { loc, msg, message, param, code } = typeof said === "object" ? said : { msg: said };
  const place = loc?.filter((part) => part !== "body" && part !== "query").join(".");
  const [first] = (body.errors ?? []) as { field: string }[];
  return {
    code: `${body.code ?? code ?? ""}`,
    text: msg ?? message ?? "",
    field: place || param || first?.field || (body.field as string) || null,
  };
}

/** The same of a response's text, which may be a proxy's HTML. */
export function reasonOf(text: string): Reason {
  try {
    const body = JSON.parse(text);
    return reason(typeof body === "object" && body !== null ? body : {});
  } catch {
    return reason({});
  }
}

/** Seconds until it may be asked again: from a number of them, or a date. */
export function secondsOf(after: string | null): number | null {
  if (!after) return null;
  const seconds = Number(after);
  const wait = Number.isNaN(seconds) ? (Date.parse(after) - Date.now()) / 1000 : seconds;
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** The two halves of an event's id. */
export function halves(id: string): { run: string; seq: number } {
  const colon = id.lastIndexOf(":");
  return { run: id.slice(0, Math.max(0, colon)), seq: Number(id.slice(colon + 1)) };
}

const ENDS = new Set(["end", "error", "complete"]);

/** Whether an event is the last of its stream. */
export function isLast(data: unknown): boolean {
  const said = data as { type?: string; done?: boolean; error?: unknown } | null;
  return said?.done === true || Boolean(said?.error) || ENDS.has(said?.type ?? "");
}

/** Whether an event says that the reader is no longer let in. The run itself goes on. */
export function isLapse(data: unknown): data is Json {
  const said = data as { code?: string; error?: unknown } | null;
  return said?.code === "unauthorized" && Boolean(said.error);
}

/** From what a form holds to the request that is sent, and shown. Pure. */
import type { Field } from "./fields.ts";
import type { Given, Json } from "./shapes.ts";
import { type Carrier, type Way, wayOf } from "./ways.ts";

/** What a form holds, by the fields' keys; what is left empty is left to the server. */
export type Values = Record<string, string>;

export interface Request {
  carrier: Carrier;
  method: Way["method"];
  /** Whole, with its query; of a WebSocket `ws:` or `wss:`. */
  address: string;
  /** What is sent as JSON; null where it stands in the address. */
  body: Given | null;
  /** Where the server is; it ends with a slash. */
  server: string;
}

const LONGEST = 2000; // characters of a value that an address keeps
const ACCEPT: Partial<Record<Carrier, string>> = { "graphql-sse": "text/event-stream" };

/** Headers that a request needs to be understood, not to be let in. */
export function headersOf({ body, carrier }: Request): Record<string, string> {
  const accept = ACCEPT[carrier];
  return {
    ...(body && { "Content-Type": "application/json" }),
    ...(accept && { Accept: accept }),
  };
}

export function request(way: Way, values: Values, server: string): Request {
  const given = (way.shape ?? same)(givenOf(way, values));
  const path = way.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given[name];
    delete given[name];
    return encodeURIComponent(String(value ?? ""));
  });
  const url = new URL(path, server);
  if (way.method === "GET") url.search = new URLSearchParams(texts(given)).toString();
  if (way.method === "WebSocket") url.protocol = url.protocol.replace("http", "ws");
  const body = way.method === "GET" ? null : given;
  return { carrier: way.carrier, method: way.method, address: url.href, body, server };
}

/** What a form holds at first, where nothing has been typed. */
export function held(field: Field, values: Values): string {
  return values[field.key] ?? field.initial ?? "";
}

/** The keys of what has to be known to ask at all. What else is wrong, the server says. */
export const missing = (way: Way, values: Values): string[] =>
  way.fields
    .filter((field) => way.path.includes(`{${field.name}}`) && !held(field, values).trim())
    .map((field) => field.key);

function givenOf(way: Way, values: Values): Given {
  const sent = way.fields.filter((field) => field.name && held(field, values) !== "");
  return Object.fromEntries(sent.map((field) => [field.name, typed(field, held(field, values))]));
}

function typed({ kind }: Field, value: string): Json {
  if (kind === "number") return Number.isFinite(Number(value)) ? Number(value) : value;
  if (kind === "flag" || value === "true" || value === "false") {
    return kind === "flag" || kind === "choice" ? value === "true" : value;
  }
  return kind === "area" ? value : value.trim();
}

const same = (given: Given): Given => given;

const texts = (given: Given): [string, string][] =>
  Object.entries(given).map(([name, value]) => [name, String(value)]);

/** A set-up as an address keeps it, without what opens something; and back. */
export function toSearch(way: Way, values: Values): string {
  const found = new URLSearchParams({ way: way.id });
  for (const field of way.fields) {
    const value = held(field, values);
    const told = !field.secret && value.length <= LONGEST;
    if (told && value !== (field.initial ?? "")) found.set(field.key, value);
  }
  return found.toString();
}

export function fromSearch(search: string): { way: Way; values: Values } {
  const { way: id = null, ...values } = Object.fromEntries(new URLSearchParams(search));
  return { way: wayOf(id), values };
}

/** Every way to ask the server, a row each. To add a dialect, or a transport, add a row. */
import * as f from "./fields.ts";
import { DO_CONVERSATION, graphql, SUBSCRIPTION } from "./graphql.ts";
import { chat, files, type Given, since } from "./shapes.ts";

/** How a request and its answer travel: it decides who sends it, and what the snippets say. */
export type Carrier =
  | "json"
  | "sse"
  | "eventsource"
  | "websocket"
  | "socketio"
  | "graphql-ws"
  | "graphql-sse"
  | "openai"
  | "openai-sse";

export const DIALECTS = [
  "query",
  "chat",
  "conversations",
  "interactions",
  "flows",
  "openai",
  "runs",
] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface Way {
  id: string;
  dialect: Dialect;
  /** How it is called beside the other ways of its dialect. */
  title: string;
  carrier: Carrier;
  method: "GET" | "POST" | "WebSocket" | "Socket.IO";
  /** Below the server's address; `{name}` is a field's. */
  path: string;
  fields: readonly f.Field[];
  /** Strangers are turned away whatever the operator says. */
  members?: boolean;
  /** What the fields are made into, where it is not simply all of them by their names. */
  shape?: (given: Given) => Given;
}

const QUERY = [f.message("query"), f.model, f.temperature("0.7"), f.maxTokens("1000")];
const CHAT = [f.message("message"), f.model, f.session];
const KEPT = [f.message("message"), f.model, f.conversation, f.temperature(), f.maxTokens()];
const STUDY = [f.message("message"), f.model, f.interaction, f.maxTokens("5000")];
const FLOWS = [f.message("user_input"), f.model, f.provider];
const OPENAI = [f.message("message"), f.model, f.system, f.temperature(), f.maxTokens()];
const GET = { method: "GET", carrier: "eventsource", title: "SSE, GET / EventSource" } as const;
const POST = { method: "POST", carrier: "sse", title: "SSE, POST" } as const;
const JSON_ = { method: "POST", carrier: "json", title: "JSON" } as const;

export const WAYS: readonly Way[] = [
  { id: "query.json", dialect: "query", ...JSON_, path: "api/v1/query", fields: QUERY },
  { id: "query.sse", dialect: "query", ...POST, path: "api/v1/query/stream", fields: QUERY },
  {
    id: "query.ws",
    dialect: "query",
    title: "WebSocket",
    carrier: "websocket",
    method: "WebSocket",
    path: "api/v1/query/ws",
    fields: QUERY,
  },
  { id: "chat.json", dialect: "chat", ...JSON_, path: "api/chat", fields: CHAT },
  {
    id: "chat.sse",
    dialect: "chat",
    ...POST,
    path: "api/chat/stream",
    fields: [...CHAT, f.partial],
  },
  {
    id: "chat.get",
    dialect: "chat",
    ...GET,
    path: "api/chat/stream",
    fields: [...CHAT, f.partial, f.reader],
  },
  {
    id: "chat.socketio",
    dialect: "chat",
    title: "Socket.IO",
    carrier: "socketio",
    method: "Socket.IO",
    path: "socket.io",
    fields: [...CHAT, f.partial, f.carriage],
  },
  {
    id: "conversations.sse",
    dialect: "conversations",
    ...POST,
    path: "api/v1/chat/stream",
    fields: [...KEPT, f.invalidKey],
    members: true,
  },
  {
    id: "conversations.get",
    dialect: "conversations",
    ...GET,
    path: "api/v1/chat/stream",
    fields: [...KEPT, f.reader],
    members: true,
  },
  {
    id: "interactions.sse",
    dialect: "interactions",
    ...POST,
    path: "api/stream/stream-conversation",
    fields: [...STUDY, f.media],
    members: true,
    shape: files,
  },
  {
    id: "interactions.get",
    dialect: "interactions",
    ...GET,
    path: "api/stream/stream-simple",
    fields: [...STUDY, f.reader],
    members: true,
  },
  {
    id: "interactions.mutation",
    dialect: "interactions",
    ...JSON_,
    title: "GraphQL, mutation",
    path: "graphql",
    fields: STUDY,
    members: true,
    shape: graphql(DO_CONVERSATION),
  },
  {
    id: "interactions.graphql-ws",
    dialect: "interactions",
    title: "GraphQL, subscription over WebSocket",
    carrier: "graphql-ws",
    method: "WebSocket",
    path: "graphql",
    fields: STUDY,
    members: true,
    shape: graphql(SUBSCRIPTION),
  },
  {
    id: "interactions.graphql-sse",
    dialect: "interactions",
    title: "GraphQL, subscription over SSE",
    carrier: "graphql-sse",
    method: "POST",
    path: "graphql",
    fields: STUDY,
    members: true,
    shape: graphql(SUBSCRIPTION),
  },
  {
    id: "flows.json",
    dialect: "flows",
    ...JSON_,
    path: "api/flows/{flow}",
    fields: [...FLOWS, f.flowOfPath],
  },
  {
    id: "flows.sse",
    dialect: "flows",
    ...POST,
    path: "api/stream/chat",
    fields: [...FLOWS, f.flow],
  },
  {
    id: "flows.get",
    dialect: "flows",
    ...GET,
    path: "api/stream/chat-get",
    fields: [...FLOWS, f.flow, f.reader],
  },
  {
    id: "flows.demo",
    dialect: "flows",
    ...GET,
    title: "SSE, GET: ten chunks, no model",
    path: "api/stream/sse",
    fields: [f.reader],
  },
  {
    id: "openai.json",
    dialect: "openai",
    title: "JSON",
    carrier: "openai",
    method: "POST",
    path: "v1/chat/completions",
    fields: OPENAI,
    shape: chat(false),
  },
  {
    id: "openai.sse",
    dialect: "openai",
    title: "SSE, POST",
    carrier: "openai-sse",
    method: "POST",
    path: "v1/chat/completions",
    fields: OPENAI,
    shape: chat(true),
  },
  {
    id: "runs.get",
    dialect: "runs",
    ...GET,
    title: "SSE, GET: a run from an event on",
    path: "api/v1/runs/{run_id}/events",
    fields: [f.run, f.after, f.reader],
    shape: since,
  },
];

const FIRST = "query.sse";

export const wayOf = (id: string | null): Way =>
  WAYS.find((way) => way.id === id) ?? (WAYS.find((way) => way.id === FIRST) as Way);

export const waysOf = (dialect: Dialect): Way[] => WAYS.filter((way) => way.dialect === dialect);

/** Whether the answer comes piece by piece. */
export const streams = (way: Way): boolean => way.carrier !== "json" && way.carrier !== "openai";

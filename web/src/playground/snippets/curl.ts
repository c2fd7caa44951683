/** curl; and `websocat` where curl cannot. */
import { headersOf, type Request } from "../ways/request.ts";
import type { Json } from "../ways/shapes.ts";
import { json, shell } from "./quoting.ts";
import type { Circumstances } from "./snippets.ts";

const BEARER = `-H "Authorization: Bearer $SLUICE_KEY"`;
const NEXT = " \\\n  ";

export function curl(request: Request, { bearer }: Circumstances): string {
  if (request.carrier === "socketio") return SOCKETIO;
  if (request.method === "WebSocket") return websocat(request, bearer);
  const headers = Object.entries(headersOf(request)).map(
    ([name, value]) => `-H ${shell(`${name}: ${value}`)}`,
  );
  const whole = request.carrier === "json" || request.carrier === "openai";
  const globbing = request.address.includes("[") ? "g" : ""; // an IPv6 address is no pattern
  return [
    `curl -s${whole ? "" : "N"}${globbing} ${shell(request.address)}`,
    ...(bearer ? [BEARER] : []),
    ...headers,
    ...(request.body ? [`-d ${shell(json(request.body))}`] : []),
  ].join(NEXT);
}

const SOCKETIO = `# curl does not speak Socket.IO.
# POST /api/chat/stream says the same over SSE; see also Python and JavaScript.`;

function websocat({ carrier, address, body }: Request, bearer: boolean): string {
  const key = bearer ? [BEARER.replace("-H ", "-H=")] : [];
  const graphql = carrier === "graphql-ws";
  const command = [
    "websocat -n",
    ...(graphql ? ["--protocol graphql-transport-ws"] : []),
    ...key,
    shell(address),
  ].join(NEXT);
  const said: Json[] = graphql
    ? [{ type: "connection_init" }, { id: "1", type: "subscribe", payload: body }]
    : [body];
  return `# curl cannot hold a conversation over a WebSocket. websocat can; Ctrl+C ends it.
# https://github.com/vi/websocat
printf '%s\\n' ${said.map((one) => shell(json(one))).join(NEXT)} |
${command}`;
}

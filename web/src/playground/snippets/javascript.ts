/** JavaScript: a module for a browser, or where it needs a package from npm, for Node. */
import { headersOf, type Request } from "../ways/request.ts";
import type { Json } from "../ways/shapes.ts";
import type { Carrier } from "../ways/ways.ts";
import { javascript as literal } from "./quoting.ts";
import type { Circumstances } from "./snippets.ts";

type Writer = (request: Request, how: Circumstances) => string;

export const javascript: Writer = (request, how) => WRITERS[request.carrier](request, how);

const KEY = `const key = prompt("SLUICE_KEY"); // a key stands in no program\n`;
const BEARER = `\`Bearer \${key}\``;
const keyed = (bearer: boolean): string => (bearer ? KEY : "");

function headers(request: Request, bearer: boolean): string {
  const known = Object.entries(headersOf(request)).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`,
  );
  const key = bearer ? [`    Authorization: ${BEARER},\n`] : [];
  const all = [...key, ...known];
  return all.length ? `  headers: {\n${all.join("")}  },\n` : "";
}

const fetching = (
  request: Request,
  bearer: boolean,
): string => `const response = await fetch(${literal(request.address)}, {
  method: ${literal(request.method)},
${headers(request, bearer)}${
  request.body ? `  body: JSON.stringify(${literal(request.body, 2)}),\n` : ""
}});
if (!response.ok) throw new Error(await response.text());
`;

const whole: Writer = (request, { bearer }) =>
  `${keyed(bearer)}${fetching(request, bearer)}console.log(await response.json());
`;

const sse: Writer = ({ address, body, server }, { bearer }) =>
  `import { stream } from ${literal(new URL("sluice.js", server).href)};

${keyed(bearer)}const events = stream(${literal(address)}, {
${bearer ? `  headers: { Authorization: ${BEARER} },\n` : ""}  body: ${literal(body, 2)},
});
for await (const { data } of events) console.log(data);
`;

/** In the words of GraphQL, which `/sluice.js` does not know. */
const read: Writer = (request, { bearer }) =>
  `${keyed(bearer)}${fetching(request, bearer)}for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  console.log(text); // an event is a few lines and a blank one
}
`;

const LAST = `  const { type, done, error } = JSON.parse(data);
  if (done || error || ["end", "complete", "error"].includes(type)) source.close();`;

const eventsource: Writer = ({ address, server }, { bearer }) =>
  `${bearer ? ticket(server) : ""}const source = new EventSource(${
    bearer ? `${literal(address + (address.includes("?") ? "&" : "?"))} + ticket` : literal(address)
  });
source.onmessage = ({ data }) => {
  console.log(data);
${LAST}
};
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) console.error("refused");
};
`;

const ticket = (
  server: string,
): string => `// An EventSource can set no header: a ticket says who asks, once and within 30 s.
${KEY}const made = await fetch(${literal(new URL("api/v1/auth/ticket", server).href)}, {
  method: "POST",
  headers: { Authorization: ${BEARER} },
});
if (!made.ok) throw new Error(await made.text());
const ticket = new URLSearchParams(await made.json());

`;

const websocket: Writer = ({ address, body }, { bearer }) =>
  `${keyed(bearer)}const socket = new WebSocket(${literal(address)}${
    bearer ? `, ["bearer", key]` : ""
  });
socket.onopen = () => socket.send(JSON.stringify(${literal(body)}));
socket.onmessage = ({ data }) => {
  console.log(data);
  if (["end", "error"].includes(JSON.parse(data).type)) socket.close();
};
socket.onclose = ({ code }) => console.log("closed", code);
`;

const graphqlSocket: Writer = ({ address, body }, { bearer }) =>
  `${keyed(bearer)}const socket = new WebSocket(${literal(address)}, "graphql-transport-ws");
const say = (message) => socket.send(JSON.stringify(message));
socket.onopen = () => say({ type: "connection_init"${
    bearer ? `, payload: { Authorization: ${BEARER} }` : ""
  } });
socket.onmessage = ({ data }) => {
  console.log(data);
  const { type } = JSON.parse(data);
  if (type === "ping") say({ type: "pong" });
  if (type === "connection_ack") say({ id: "1", type: "subscribe", payload: ${literal(body, 2)} });
  if (type === "complete" || type === "error") socket.close();
};
socket.onclose = ({ code }) => console.log("closed", code);
`;

const socketio: Writer = ({ address, body, server }, { bearer }) => {
  const auth = bearer ? ", auth: { token: process.env.SLUICE_KEY }" : "";
  return `import { io } from "socket.io-client"; // npm install socket.io-client

const socket = io(${literal(new URL(server).origin)}, { path: ${literal(new URL(address).pathname)}${auth} });
socket.on("connect_error", ({ message }) => console.error(message));
socket.on("chat_token", ({ token }) => process.stdout.write(token));
socket.on("chat_complete", (end) => {
  console.log("\\n", end);
  socket.close();
});
socket.on("chat_stream_error", (problem) => {
  console.error(problem);
  socket.close();
});
socket.emit("chat_stream", ${literal(body)});
`;
};

function openai({ body, server }: Request, { model }: Circumstances, streams: boolean): string {
  const asked: Json = { model, ...body };
  return `import OpenAI from "openai"; // npm install openai

const client = new OpenAI({
  baseURL: ${literal(new URL("v1", server).href)},
  apiKey: process.env.SLUICE_KEY,
});
const ${streams ? "stream" : "answer"} = await client.chat.completions.create(${literal(asked)});
${streams ? CHUNKS : "console.log(answer.choices[0].message.content);"}
`;
}

const CHUNKS = `for await (const { choices } of stream) {
  for (const { delta } of choices) process.stdout.write(delta.content ?? "");
}
console.log();`;

const WRITERS: Record<Carrier, Writer> = {
  json: whole,
  sse,
  eventsource,
  "graphql-sse": read,
  websocket,
  "graphql-ws": graphqlSocket,
  socketio,
  openai: (request, how) => openai(request, how, false),
  "openai-sse": (request, how) => openai(request, how, true),
};

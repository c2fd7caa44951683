/** Python, each way with the library that its API is usually called with. */
import { headersOf, type Request } from "../ways/request.ts";
import type { Carrier } from "../ways/ways.ts";
import { python as literal } from "./quoting.ts";
import type { Circumstances } from "./snippets.ts";

type Writer = (request: Request, how: Circumstances) => string;

const BEARER = `{"Authorization": f"Bearer {os.environ['SLUICE_KEY']}"}`;

export const python: Writer = (request, how) => WRITERS[request.carrier](request, how);

const imports = (bearer: boolean, ...standard: string[]): string =>
  [...standard, ...(bearer ? ["os"] : [])]
    .sort()
    .map((name) => `import ${name}\n`)
    .join("");

function asking(request: Request, { bearer }: Circumstances): string {
  const { Accept } = headersOf(request);
  const headers = [
    ...(bearer ? [BEARER.slice(1, -1)] : []),
    ...(Accept ? [`"Accept": ${literal(Accept)}`] : []),
  ];
  return [
    `    ${literal(request.method)},\n    ${literal(request.address)},\n`,
    headers.length ? `    headers={${headers.join(", ")}},\n` : "",
    request.body ? `    json=${literal(request.body, 4)},\n` : "",
    "    timeout=60,\n",
  ].join("");
}

const whole: Writer = (request, how) => `${imports(how.bearer)}
import httpx  # pip install httpx

response = httpx.request(
${asking(request, how)})
response.raise_for_status()
print(response.json())
`;

const lines: Writer = (request, how) => `${imports(how.bearer)}
import httpx  # pip install httpx

with httpx.stream(
${asking(request, how)}) as response:
    response.raise_for_status()
    for line in response.iter_lines():
        if line.startswith("data: "):
            print(line.removeprefix("data: "), flush=True)
`;

const websocket: Writer = ({ address, body }, { bearer }) => `${imports(bearer, "asyncio", "json")}
from websockets.asyncio.client import connect  # pip install websockets

ADDRESS = ${literal(address)}
QUESTION = ${literal(body)}


async def main():
    async with connect(ADDRESS${bearer ? `, additional_headers=${BEARER}` : ""}) as socket:
        await socket.send(json.dumps(QUESTION))
        async for message in socket:
            print(message, flush=True)
            if json.loads(message)["type"] in {"end", "error"}:
                break


asyncio.run(main())
`;

const graphqlSocket: Writer = (
  { address, body },
  { bearer },
) => `${imports(bearer, "asyncio", "json")}
from websockets.asyncio.client import connect  # pip install websockets

ADDRESS = ${literal(address)}
OPERATION = ${literal(body)}


async def main():
    hello = {"type": "connection_init"${bearer ? `, "payload": ${BEARER}` : ""}}
    question = {"id": "1", "type": "subscribe", "payload": OPERATION}
    async with connect(ADDRESS, subprotocols=["graphql-transport-ws"]) as socket:
        await socket.send(json.dumps(hello))
        await socket.recv()  # connection_ack
        await socket.send(json.dumps(question))
        async for message in socket:
            print(message, flush=True)
            if json.loads(message)["type"] in {"complete", "error"}:
                break


asyncio.run(main())
`;

const socketio: Writer = ({ address, body, server }, { bearer }) => `${imports(bearer, "asyncio")}
import socketio  # pip install 'python-socketio[asyncio_client]'

SERVER = ${literal(server)}
QUESTION = ${literal(body)}


async def main():
    async with socketio.AsyncSimpleClient() as chat:
        await chat.connect(
            SERVER,
            socketio_path=${literal(new URL(address).pathname.slice(1))},${
              bearer ? `\n            auth={"token": os.environ["SLUICE_KEY"]},` : ""
            }
        )
        print(await chat.call("chat_stream", QUESTION))
        event = ""
        while event not in {"chat_complete", "chat_stream_error"}:
            event, payload = await chat.receive()
            print(event, payload, flush=True)


asyncio.run(main())
`;

/** OpenAI's library always sends a key, so that nobody who uses it is a stranger. */
function openai({ body, server }: Request, { model }: Circumstances, streams: boolean): string {
  const asked = Object.entries({ model, ...body }).map(
    ([name, value]) => `    ${name}=${literal(value, 4)},\n`,
  );
  return `import os

from openai import OpenAI  # pip install openai

client = OpenAI(base_url=${literal(new URL("v1", server).href)}, api_key=os.environ["SLUICE_KEY"])
${streams ? "stream" : "answer"} = client.chat.completions.create(
${asked.join("")})
${streams ? CHUNKS : "print(answer.choices[0].message.content)"}
`;
}

const CHUNKS = `for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()`;

const WRITERS: Record<Carrier, Writer> = {
  json: whole,
  sse: lines,
  eventsource: lines,
  "graphql-sse": lines,
  websocket,
  "graphql-ws": graphqlSocket,
  socketio,
  openai: (request, how) => openai(request, how, false),
  "openai-sse": (request, how) => openai(request, how, true),
};

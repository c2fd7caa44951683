/** A real HTTP server for tests, which says its lines: one for each request that comes. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. `gone` resolves when its connection is closed, `whole` with how. */
export interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Resolves once the answer is over: true where all of it was sent, false where it was cut. */
  over: Promise<boolean>;
}

export type LineOf = (response: ServerResponse, asked: Asked) => unknown;

export interface Stage {
  url: string;
  asked: Asked[];
  /** Resolves with the next request, or with one that nobody has waited for yet. */
  next(): Promise<Asked>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What is asked beyond the list gets the last line again. */
export async function stage(...lines: LineOf[]): Promise<Stage> {
  const asked: Asked[] = [];
  const heard = new EventTarget();
  let turn = 0;
  let waited = 0;
  const server = createServer(async (request, response) => {
    const one = await read(request, response);
    asked.push(one);
    const line = lines[Math.min(turn, lines.length - 1)];
    turn += 1;
    heard.dispatchEvent(new Event("asked"));
    await line?.(response, one);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async next() {
      while (waited >= asked.length) await once(heard, "asked");
      waited += 1;
      return asked[waited - 1] as Asked;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function read(request: IncomingMessage, response: ServerResponse): Promise<Asked> {
  const closed = once(response, "close").then(() => response.writableFinished);
  let body = "";
  for await (const piece of request.setEncoding("utf8")) body += piece;
  const { method = "", url: path = "", headers } = request;
  return { method, path, headers: headers as Record<string, string>, body, over: closed };
}

export const RUN = "run-1";

/** Events with these numbers: each says its number, but for 9, which is the end. */
export function numbered(...numbers: number[]): string {
  return numbers.map((seq) => `id: ${RUN}:${seq}\ndata: ${said(seq)}\n\n`).join("");
}

export const said = (seq: number) =>
  JSON.stringify(seq === 9 ? { type: "end" } : { type: "chunk", content: `${seq}` });

const HEAD = { "Content-Type": "text/event-stream; charset=utf-8", "X-Run-Id": RUN };

/** Begins a stream, says this, and leaves it open. */
export function begins(...texts: (string | Uint8Array)[]): LineOf {
  return (response) => {
    response.writeHead(200, HEAD).flushHeaders();
    for (const text of texts) response.write(text);
  };
}

/** Says this, and ends. */
export function says(...texts: (string | Uint8Array)[]): LineOf {
  return (response, asked) => {
    begins(...texts)(response, asked);
    response.end();
  };
}

/** Says this, and the connection breaks. */
export function breaks(...texts: string[]): LineOf {
  return (response, asked) => {
    begins(...texts)(response, asked);
    response.write("", () => response.destroy());
  };
}

/** The connection breaks without an answer. */
export const drops: LineOf = (response) => response.destroy();

/** There is no answer at all. */
export const stalls: LineOf = () => {};

/** Says no; an object is sent as JSON, anything else as a proxy's page. */
export function refuses(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): LineOf {
  const json = typeof body === "object";
  const type = json ? "application/json" : "text/html";
  return (response) => {
    response.writeHead(status, { "Content-Type": type, ...headers });
    response.end(json ? JSON.stringify(body) : body);
  };
}

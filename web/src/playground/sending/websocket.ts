/** A question over a WebSocket of its own: the query dialect's, and GraphQL's. */

import { payload } from "../tape/meaning.ts";
import type { Tape } from "../tape/tape.ts";
import type { Request } from "../ways/request.ts";
import type { Given } from "../ways/shapes.ts";
import { type Line, type Sender, stop } from "./line.ts";

const UNSAID = "The handshake was refused. A browser is not told why; over HTTP it would be.";
const OPERATION = "1";

/** What is said over one, in its protocol's words. */
interface Protocol {
  name?: string;
  /** Once it is open. */
  hello: (body: Given) => unknown;
  /** To a message of this type; nothing where there is no answer. */
  answer: (type: string, body: Given) => unknown;
  /** Instead of the run's id, which it does not tell. */
  cancel: unknown;
  ends: readonly string[];
}

const QUERY: Protocol = {
  hello: (body) => body,
  answer: () => undefined,
  cancel: { type: "cancel" },
  ends: ["end", "error"],
};

const GRAPHQL: Protocol = {
  name: "graphql-transport-ws",
  hello: () => ({ type: "connection_init" }),
  answer: (type, body) =>
    ({
      connection_ack: { id: OPERATION, type: "subscribe", payload: body },
      ping: { type: "pong" },
    })[type],
  cancel: { id: OPERATION, type: "complete" },
  ends: ["complete", "error", "connection_error"],
};

const talking =
  (protocol: Protocol): Sender =>
  (request, tape) => {
    const socket = new WebSocket(request.address, protocol.name);
    const ended = new Promise<void>((resolve) =>
      converse(socket, protocol, request, tape, resolve),
    );
    return { ended, stop: () => void halt(socket, protocol, tape) };
  };

function converse(
  socket: WebSocket,
  protocol: Protocol,
  { body }: Request,
  tape: Tape,
  resolve: () => void,
): void {
  const say = (message: unknown) => socket.send(JSON.stringify(message));
  const asked = body ?? {};
  socket.onopen = () => {
    tape.open({ status: "101 Switching Protocols", headers: protocolOf(socket) });
    say(protocol.hello(asked));
  };
  socket.onmessage = ({ data }) => {
    tape.take([String(data)]);
    const type = String((payload(String(data)) as { type?: unknown } | undefined)?.type);
    const answer = protocol.answer(type, asked);
    if (answer !== undefined) say(answer);
    if (protocol.ends.includes(type)) socket.close(1000);
  };
  socket.onclose = ({ code, reason }) => {
    if (!tape.answered) tape.close("refused", UNSAID);
    else if (!tape.over && !tape.stopping) tape.close(kindOf(code), `${code} ${reason}`.trim());
    tape.finish();
    resolve();
  };
}

/** Codes that say no: the standard's own, and those of GraphQL's protocol. */
const kindOf = (code: number) =>
  code === 1008 || (code >= 4400 && code < 4500) ? "refused" : "cut";

const protocolOf = (socket: WebSocket): [string, string][] =>
  socket.protocol ? [["sec-websocket-protocol", socket.protocol]] : [];

/** Where the run is known it is cancelled as any other; else in the protocol's own words. */
async function halt(socket: WebSocket, protocol: Protocol, tape: Tape): Promise<void> {
  if (tape.run === null && socket.readyState === WebSocket.OPEN) {
    tape.stopping = true;
    socket.send(JSON.stringify(protocol.cancel));
    if (protocol === GRAPHQL) socket.close(1000); // nothing answers a `complete`
    return;
  }
  await stop(tape, () => socket.close(1000));
}

export const querySocket: Sender = talking(QUERY);
export const graphqlSocket: Sender = talking(GRAPHQL);
export type { Line };

/** Who sends a request, by how it travels. */

import { Tape } from "../tape/tape.ts";
import { Watch } from "../tape/watch.ts";
import { held, type Request, type Values } from "../ways/request.ts";
import { streams, type Way } from "../ways/ways.ts";
import { eventSource } from "./eventsource.ts";
import { fetching } from "./fetching.ts";
import { type Line, noted, type Sender } from "./line.ts";
import { socketio } from "./socketio.ts";
import { graphqlSocket, querySocket } from "./websocket.ts";

const SENDERS: Record<Way["carrier"], Sender> = {
  json: fetching,
  sse: fetching,
  eventsource: (request, tape, values) =>
    (values.reader === "EventSource" ? eventSource : fetching)(request, tape, values),
  websocket: querySocket,
  socketio,
  "graphql-ws": graphqlSocket,
  "graphql-sse": fetching,
  openai: fetching,
  "openai-sse": fetching,
};

export interface Sent {
  tape: Tape;
  line: Line;
}

/** Sends it at once. The tape is closed, and the server's own notes are on it, when it ends. */
export function send(way: Way, request: Request, values: Values): Sent {
  const watch = new Watch();
  const rest = watch.start();
  const tape = new Tape(streams(way), undefined, () => watch.taken());
  const filled = Object.fromEntries(way.fields.map((field) => [field.key, held(field, values)]));
  const line = SENDERS[way.carrier](request, tape, filled);
  return { tape, line: { ...line, ended: line.ended.then(rest).then(() => noted(tape)) } };
}

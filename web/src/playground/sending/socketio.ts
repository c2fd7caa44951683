/** A message over Socket.IO. Its library is fetched when it is first needed. */
import type { Socket } from "socket.io-client";
import { payload } from "../tape/meaning.ts";
import type { Tape } from "../tape/tape.ts";
import type { Request, Values } from "../ways/request.ts";
import { MARK, type Sender, stop } from "./line.ts";

const LAST = ["chat_complete", "chat_stream_error"];

interface Packet {
  type: string;
  data?: unknown;
}

export const socketio: Sender = (request, tape, values) => {
  let socket: Socket | null = null;
  let finish = () => {};
  const close = () => {
    socket?.disconnect();
    tape.finish();
    finish();
  };
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  void connect(request, values).then(
    (found) => {
      socket = found;
      if (tape.stopping) close();
      else converse(found, request, tape, close);
    },
    (problem) => {
      tape.close("unreachable", String(problem));
      close();
    },
  );
  return { ended, stop: () => void stop(tape, close) };
};

async function connect({ address }: Request, values: Values): Promise<Socket> {
  const { io } = await import("socket.io-client");
  const { origin, pathname } = new URL(address);
  return io(origin, {
    path: pathname,
    transports: [values.carriage === "polling" ? "polling" : "websocket"],
    extraHeaders: MARK, // what polling posts is a page's own
    reconnection: false,
    forceNew: true,
    autoConnect: false,
  });
}

function converse(socket: Socket, { body }: Request, tape: Tape, close: () => void): void {
  // The raw packets, as they are on the wire: the library hands out what it has made of them.
  socket.io.on("open", () => {
    const { engine } = socket.io;
    tape.open({ status: `Socket.IO over ${engine.transport.name}`, headers: [] });
    engine.on("packet", (packet: Packet) => take(packet, tape, close));
  });
  socket.on("connect", () => {
    socket.emit("chat_stream", body, (begun: { run_id?: string }) => {
      tape.run ??= begun.run_id ?? null;
    });
  });
  socket.on("connect_error", (problem: Error & { data?: { code?: string } }) => {
    const code = problem.data?.code;
    tape.close("refused", `${code ? `${code}: ` : ""}${problem.message}`);
    close();
  });
  socket.on("disconnect", close);
  socket.connect();
}

function take({ type, data }: Packet, tape: Tape, close: () => void): void {
  if (type !== "message" || typeof data !== "string") return;
  const raw = `4${data}`;
  tape.take([raw]);
  const said = payload(raw);
  if (Array.isArray(said) && LAST.includes(said[0])) setTimeout(close); // once the library has it
}

// Two messages in one session over Socket.IO, the second stopped halfway.
//
//   npm install socket.io-client
//   node socketio_client.mjs [SERVER]
import { io } from "socket.io-client";

const server = process.argv[2] ?? "http://127.0.0.1:8000";
const session_id = `example-${Date.now()}`;
const socket = io(server); // with an account: io(server, { auth: { token } })

let last; // where the answer stands, for a reconnect

function ask(message) {
  process.stdout.write(`> ${message}\n`);
  socket.emit("chat_stream", { message, session_id, partial: false });
  return new Promise((resolve, reject) => {
    socket.once("chat_complete", resolve);
    socket.once("chat_stream_error", ({ error, code }) => reject(new Error(`${code}: ${error}`)));
  });
}

socket.on("chat_token", ({ token, id }) => {
  process.stdout.write(token);
  last = id;
});

// socket.io-client connects again by itself; the rest of the answer has to be asked for.
socket.on("disconnect", () => {
  if (!last) return;
  const [run_id, after] = last.split(":");
  socket.once("connect", () => socket.emit("chat_resume", { run_id, after: Number(after), partial: false }));
});

socket.on("connect_error", (problem) => {
  console.error(problem.message);
  socket.close();
});

function report(end) {
  last = undefined;
  const how = end.cancelled ? "cancelled" : end.finish_reason;
  process.stdout.write(`\n[${how}, ${end.tokens} tokens, ${end.model}]\n\n`);
}

report(await ask("Hello"));
const second = ask("Tell me a long story about a sluice.");
socket.once("chat_token", () => socket.emit("chat_cancel", { session_id }));
report(await second);
socket.close();

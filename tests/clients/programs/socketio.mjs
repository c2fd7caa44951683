// A client as many are written with socket.io-client.
//
//   node socketio.mjs MODULE URL TRANSPORTS MESSAGES [OPTIONS]
//
// Emits all MESSAGES (a JSON array) as `chat_stream` at once, over TRANSPORTS (`websocket`,
// `polling`, or both, which upgrades), and prints each event as `[name, payload]` on a line of its
// own. OPTIONS (JSON): `auth` of the connection; `cancelAfter`: after so many tokens it cancels the
// first message's session; `leaveAfter`: after so many tokens it leaves, and comes back for the
// rest on a new connection.
const [module, url, transports, messages, more] = process.argv.slice(2);
const { io } = await import(module);
const { auth, cancelAfter, leaveAfter } = JSON.parse(more ?? "{}");
const questions = JSON.parse(messages);

let open = questions.length;
let tokens = 0;

function print(name, payload) {
  process.stdout.write(`${JSON.stringify([name, payload])}\n`);
}

function connect(begin) {
  const socket = io(url, { transports: transports.split(","), auth, forceNew: true });
  socket.on("connect", () => {
    print("connect", { transport: socket.io.engine.transport.name });
    begin(socket);
  });
  socket.io.engine?.on("upgrade", (transport) => print("upgrade", { transport: transport.name }));
  socket.on("connect_error", (error) => {
    print("connect_error", { message: error.message, data: error.data });
    socket.close();
  });
  socket.on("disconnect", (reason) => print("disconnect", { reason }));
  socket.on("chat_token", (token) => {
    print("chat_token", token);
    tokens += 1;
    if (tokens === cancelAfter) socket.emit("chat_cancel", { session_id: questions[0].session_id });
    if (tokens === leaveAfter) comeBack(socket, token.id);
  });
  for (const name of ["chat_complete", "chat_stream_error"]) {
    socket.on(name, (payload) => {
      print(name, payload);
      open -= 1;
      if (open === 0) socket.close();
    });
  }
}

function comeBack(socket, id) {
  socket.removeAllListeners("chat_token");
  socket.close();
  const [run_id, after] = id.split(":");
  connect((next) => next.emit("chat_resume", { run_id, after: Number(after) }));
}

connect((socket) => {
  for (const question of questions) {
    socket.emit("chat_stream", question, (done) => print("ack", done));
  }
});

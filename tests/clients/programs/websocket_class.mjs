// A client class as many are written. It does not wait for one answer before it asks again.
//
//   node websocket_class.mjs URL QUERIES [CANCEL_AFTER]
//
// Sends all QUERIES (a JSON array) at once and prints every message on a line of its own. After
// CANCEL_AFTER pieces of text it cancels, once.
class QueryClient {
  constructor(url) {
    this.url = url;
    this.open = 0;
    this.pieces = 0;
  }

  connect() {
    return new Promise((resolve, reject) => {
      this.socket = new WebSocket(this.url);
      this.socket.onopen = resolve;
      this.socket.onerror = () => reject(new Error("no connection"));
      this.socket.onmessage = (event) => this.handle(JSON.parse(event.data));
    });
  }

  ask(query) {
    this.open += 1;
    this.socket.send(JSON.stringify(query));
  }

  handle(message) {
    process.stdout.write(`${JSON.stringify(message)}\n`);
    switch (message.type) {
      case "content":
        this.pieces += 1;
        if (this.pieces === cancelAfter) this.socket.send('{"type":"cancel"}');
        break;
      case "end":
      case "error":
        this.open -= 1;
        if (this.open === 0) this.socket.close();
        break;
    }
  }
}

const [url, queries, cancelAfter] = process.argv.slice(2).map((value, index) => (index ? JSON.parse(value) : value));
const client = new QueryClient(url);
await client.connect();
for (const query of queries) client.ask(query);

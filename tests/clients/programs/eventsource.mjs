// An `EventSource` that never closes itself: only the server's 204 makes it stop.
//
//   node [--experimental-eventsource] eventsource.mjs URL [MODULE]
//
// Uses the class of MODULE, or Node's own. Prints every message as `[id, data]` on a line of its
// own, and ends once the source is closed.
const [url, module] = process.argv.slice(2);
const { EventSource: Source } = module ? await import(module) : globalThis;

setInterval(() => {}, 60_000); // some sources do not keep Node alive while they wait to come back
const source = new Source(url);
source.onmessage = (event) => {
  process.stdout.write(`${JSON.stringify([event.lastEventId, event.data])}\n`);
};
source.onerror = () => {
  if (source.readyState === Source.CLOSED) process.exit(0);
};

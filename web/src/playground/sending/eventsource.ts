/** Streams read with a browser's own `EventSource`, which tells less than the network does. */
import { call } from "../../api/http.ts";
import type { Tape } from "../tape/tape.ts";
import type { Request } from "../ways/request.ts";
import { type Sender, stop } from "./line.ts";

const SILENT = "EventSource does not say why. With fetch as the reader, the status is shown.";

export const eventSource: Sender = (request, tape) => {
  let source: EventSource | null = null;
  let finish = () => {};
  const close = () => {
    source?.close();
    tape.finish();
    finish();
  };
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  void addressOf(request).then((address) => {
    if (tape.stopping) return close();
    source = listen(new EventSource(address), tape, close);
  });
  return { ended, stop: () => void stop(tape, close) };
};

function listen(source: EventSource, tape: Tape, close: () => void): EventSource {
  source.onopen = () => tape.open({ status: "EventSource: open", headers: [] });
  source.onmessage = ({ data, lastEventId }) => {
    tape.take([`${lastEventId ? `id: ${lastEventId}\n` : ""}data: ${data}`]);
    if (tape.over) close();
  };
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return; // it comes back by itself
    if (!tape.answered) tape.close("refused", SILENT);
    close();
  };
  return source;
}

/**
 * A cookie speaks for a `GET` that generates where the browser says where it comes from, which it
 * does over https and on one's own machine only. Elsewhere a ticket does.
 */
async function addressOf({ address }: Request): Promise<string> {
  if (isSecureContext) return address;
  try {
    const { ticket } = await call<{ ticket: string }>("api/v1/auth/ticket", { method: "POST" });
    return `${address}${address.includes("?") ? "&" : "?"}${new URLSearchParams({ ticket })}`;
  } catch {
    return address; // a stranger's
  }
}

/** The request that is on its way, or was the last: one at a time. */
import { startTransition, useCallback, useEffect, useRef, useState } from "react";
import { BASE } from "../base.ts";
import { type Sent, send } from "./sending/senders.ts";
import type { Tape } from "./tape/tape.ts";
import { request, type Values } from "./ways/request.ts";
import type { Way } from "./ways/ways.ts";

export interface Asking {
  tape: Tape | null;
  running: boolean;
  ask: (way: Way, values: Values) => void;
  stop: () => void;
}

/** `ended` hears of the run that has ended, so that it can be read again. */
export function useAsking(ended: (run: string) => void): Asking {
  const [tape, setTape] = useState<Tape | null>(null);
  const [running, setRunning] = useState(false);
  const sent = useRef<Sent | null>(null);
  useEffect(() => () => sent.current?.line.stop(), []); // one leaves the page

  const ask = useCallback(
    (way: Way, values: Values) => {
      const now = send(way, request(way, values, BASE.href), values);
      sent.current = now;
      setTape(now.tape);
      setRunning(true);
      void now.line.ended.then(() => {
        if (sent.current !== now) return;
        sent.current = null;
        setRunning(false);
        if (now.tape.run) ended(now.tape.run);
      });
    },
    [ended],
  );
  const stop = useCallback(() => sent.current?.line.stop(), []);
  return { tape, running, ask, stop };
}

/**
 * Draws again whenever something has arrived, a few times a second. What is drawn gives way to
 * what arrives: a page that is busy drawing would look like a network that stalls.
 */
export function useArrivals(tape: Tape | null): void {
  const [, draw] = useState(0);
  useEffect(() => {
    const hear = () => startTransition(() => draw((times) => times + 1));
    hear(); // what arrived before one listened
    return tape?.subscribe(hear);
  }, [tape]);
}

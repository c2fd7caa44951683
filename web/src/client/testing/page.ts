/** Lets Node's `globalThis` hear events, as a page or a worker does. */
import type { State } from "../sluice.ts";

export interface Page {
  /** An `onState`: the network comes back whenever a stream waits. */
  online(state: State): void;
  [Symbol.dispose](): void;
}

export function page(): Page {
  const target = new EventTarget();
  const world: Record<string, unknown> = globalThis;
  world.addEventListener = target.addEventListener.bind(target);
  world.removeEventListener = target.removeEventListener.bind(target);
  return {
    online(state) {
      if (state === "waiting") queueMicrotask(() => target.dispatchEvent(new Event("online")));
    },
    [Symbol.dispose]() {
      delete world.addEventListener;
      delete world.removeEventListener;
    },
  };
}

/** What the tabs of one person tell each other. */
import type { Arrival, ConversationEvent } from "#client";
import type { Snapshot } from "./reply.ts";

export type Word =
  /** Somebody wants to follow a run: who reads it from the server? */
  | { kind: "ask"; tab: string; run: string }
  /** I do, and this is how far I am. */
  | { kind: "state"; tab: string; run: string; conversation: string; snapshot: Snapshot }
  /** And this is what came next. */
  | { kind: "event"; tab: string; run: string; event: Arrival<ConversationEvent> }
  /** I read this run from the server, and am looked at or not; said at first, when that changes,
   * and every few seconds. */
  | { kind: "hold"; tab: string; run: string; seen: boolean }
  /** I no longer do. */
  | { kind: "left"; tab: string; run: string }
  /** Something in a conversation is another now; `null`: in the list of them. */
  | { kind: "changed"; tab: string; conversation: string | null };

export interface Channel {
  readonly tab: string;
  say(word: Word): void;
  listen(hear: (word: Word) => void): () => void;
  close(): void;
}

/** Among the tabs in which the same person is signed in. */
export function channelOf(user: string, tab: string): Channel {
  const channel = new BroadcastChannel(`sluice:${user}`);
  return {
    tab,
    say: (word) => channel.postMessage(word),
    listen(hear) {
      const take = ({ data }: MessageEvent<Word>) => hear(data);
      channel.addEventListener("message", take);
      return () => channel.removeEventListener("message", take);
    },
    close: () => channel.close(),
  };
}

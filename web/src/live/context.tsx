/** The live replies of who is signed in, for all views, and what they change in the cache. */
import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { refresh } from "../api/cache.ts";
import { conversation, conversations } from "../api/conversations.ts";
import { expired } from "../api/session.ts";
import { Lives } from "./lives.ts";
import { Frames, type View } from "./reply.ts";
import { channelOf } from "./words.ts";

const Context = createContext<Lives | null>(null);
const HIDDEN = 250; // ms between two looks where there are no frames
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const seen = () => !document.hidden;

const frames = new Frames(
  (draw) => (seen() ? requestAnimationFrame(draw) : setTimeout(draw, HIDDEN)),
  () => seen() && !calm.matches,
);

export function LiveReplies({ user, children }: { user: string; children: ReactNode }) {
  const queries = useQueryClient();
  const [tab] = useState(() => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`);
  const [lives, setLives] = useState<Lives | null>(null);
  useEffect(() => {
    const changed = (id: string | null) => {
      void queries.invalidateQueries({ queryKey: conversations.queryKey });
      if (id === null) return;
      void queries.invalidateQueries({ queryKey: conversation(id).queryKey });
      void refresh(queries, id).catch(() => {}); // it is tried again when the network is back
    };
    const made = new Lives(channelOf(user, tab), frames, seen, changed, (problem) =>
      expired(queries, problem),
    );
    const leave = () => made.close();
    const turn = () => made.turn();
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", turn);
    setLives(made);
    return () => {
      removeEventListener("pagehide", leave);
      document.removeEventListener("visibilitychange", turn);
      leave();
    };
  }, [user, tab, queries]);
  return lives && <Context.Provider value={lives}>{children}</Context.Provider>;
}

export function useLives(): Lives {
  const lives = useContext(Context);
  if (lives === null) throw new Error("There are no live replies around this view.");
  return lives;
}

/** What is shown of a run's reply; null where none is being written here. */
export function useReply(run: string | null): View | null {
  const lives = useLives();
  const reply = useSyncExternalStore(lives.subscribe, () => lives.get(run));
  return useSyncExternalStore(reply?.subscribe ?? nobody, () => reply?.view ?? null);
}

const nobody = () => () => {};

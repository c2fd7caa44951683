/**
 * The messages of a conversation, of which only those near the view are drawn.
 *
 * It stays at the end while a reply grows there, and lets go as soon as the reader scrolls up.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import {
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Message } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import type { Acts } from "./acts.ts";
import { Row } from "./Row.tsx";
import styles from "./Thread.module.css";
import { texts } from "./texts.ts";

const GUESS = 160; // px of a message that was not drawn yet
const NEAR = 48; // px from the end that count as the end
const EARLY = 8; // messages from the first that is known: earlier ones are fetched

interface Props {
  /** The oldest first. */
  messages: readonly Message[];
  acts: Acts;
  busy: boolean;
  /** What stands behind the last message, and has not been heard of by the server. */
  tail: ReactNode;
  /** Fetches earlier ones; null where there are none, or some are on their way. */
  onEarlier: (() => void) | null;
  fetching: boolean;
  /** The message to look at first; null: the end. */
  target: string | null;
}

/** Stays at the end of what scrolls, until the reader scrolls up; and again once back there. */
function useEnd(scroller: RefObject<HTMLDivElement | null>, onAway: (away: boolean) => void) {
  const state = useRef({ following: true, top: 0 });
  return useMemo(() => {
    const keep = () => {
      const box = scroller.current;
      if (box && state.current.following) box.scrollTop = box.scrollHeight;
    };
    return {
      keep,
      follow() {
        state.current.following = true;
        keep();
      },
      look() {
        const box = scroller.current;
        if (!box) return;
        const away = box.scrollHeight - box.scrollTop - box.clientHeight > NEAR;
        if (!away) state.current.following = true;
        else if (box.scrollTop < state.current.top) state.current.following = false;
        state.current.top = box.scrollTop;
        onAway(away && !state.current.following);
      },
    };
  }, [scroller, onAway]);
}

export function Thread({ messages, acts, busy, tail, onEarlier, fetching, target }: Props) {
  const words = useTexts(texts);
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const count = messages.length + (tail ? 1 : 0);
  const list = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => GUESS,
    getItemKey: (index) => messages[index]?.id ?? "tail",
    anchorTo: "end",
    scrollEndThreshold: NEAR,
    overscan: 2,
    paddingStart: 16,
    paddingEnd: 24,
  });

  const goal = target === null ? -1 : messages.findIndex((one) => one.id === target);
  const reached = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (goal < 0 || reached.current === target) return;
    reached.current = target;
    list.scrollToIndex(goal, { align: "center" });
  }, [goal, target, list]);

  const end = useEnd(scroller, setAway);
  const sent = tail !== null;
  useLayoutEffect(() => {
    if (sent) end.follow(); // who says something wants to see what comes of it
  }, [sent, end]);
  const total = list.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever something has grown
  useLayoutEffect(() => {
    if (goal < 0) end.keep();
  }, [total, count, goal, end]);

  const items = list.getVirtualItems();
  const first = items[0]?.index ?? 0;
  useEffect(() => {
    if (first < EARLY) onEarlier?.();
  }, [first, onEarlier]);

  return (
    <div className={styles.around}>
      <div
        ref={scroller}
        className={styles.scroller}
        role="log"
        aria-label={words.log}
        aria-live="off"
        onScroll={end.look}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too
        tabIndex={0}
      >
        {fetching && <p className={styles.earlier}>{words.earlier}</p>}
        <div className={styles.all} style={{ height: total }}>
          {items.map(({ index, key, start }) => {
            const message = messages[index];
            return (
              <div
                key={key}
                ref={list.measureElement}
                data-index={index}
                data-target={index === goal || undefined}
                className={styles.one}
                style={{ transform: `translateY(${start}px)` }}
              >
                {message ? (
                  <Row
                    message={message}
                    acts={acts}
                    busy={busy}
                    last={index === messages.length - 1}
                  />
                ) : (
                  tail
                )}
              </div>
            );
          })}
        </div>
      </div>
      {away && (
        <IconButton
          className={styles.toEnd ?? ""}
          look="plain"
          label={words.toEnd}
          icon={<ArrowDown />}
          onClick={end.follow}
        />
      )}
    </div>
  );
}

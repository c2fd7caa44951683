/**
 * The messages of a conversation, of which only those near the view are drawn.
 *
 * It stays at the end while a reply grows there, and lets go as soon as the reader scrolls up.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
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
    followOnAppend: true,
    scrollEndThreshold: NEAR,
    overscan: 2,
    paddingStart: 16,
    paddingEnd: 24,
    onChange: (one) => setAway(!one.isAtEnd(NEAR)),
  });

  useLayoutEffect(() => list.scrollToEnd(), [list]);

  const goal = target === null ? -1 : messages.findIndex((one) => one.id === target);
  const reached = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (goal < 0 || reached.current === target) return;
    reached.current = target;
    list.scrollToIndex(goal, { align: "center" });
  }, [goal, target, list]);

  const sent = tail !== null;
  useEffect(() => {
    if (sent) list.scrollToEnd(); // who says something wants to see what comes of it
  }, [sent, list]);

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
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard, too
        tabIndex={0}
      >
        {fetching && <p className={styles.earlier}>{words.earlier}</p>}
        <div className={styles.all} style={{ height: list.getTotalSize() }}>
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
          onClick={() => list.scrollToEnd({ behavior: "smooth" })}
        />
      )}
    </div>
  );
}

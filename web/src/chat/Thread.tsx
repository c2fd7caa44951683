/**
 * The messages of a conversation, of which only those near the view are drawn.
 *
 * It stays at the end while a reply grows there, and lets go as soon as the reader scrolls up.
 */
import { measureElement, useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Message } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import type { Acts } from "./acts.ts";
import { Row } from "./Row.tsx";
import styles from "./Thread.module.css";
import { texts } from "./texts.ts";
import { NEAR, useEnd } from "./useEnd.ts";

const GUESS = 160; // px of a message that was not drawn yet
const STEP = 1024; // px by which a growing reply is taken to be longer, at most
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

/** A reply that grows is taken to be longer than it is: not each line of it is news to the list. */
function measured(
  element: Element,
  entry: ResizeObserverEntry | undefined,
  list: Virtualizer<HTMLDivElement, Element>,
): number {
  const size = measureElement(element, entry, list);
  return element.querySelector("[aria-busy=true]") ? Math.ceil(size / STEP) * STEP : size;
}

export function Thread({ messages, acts, busy, tail, onEarlier, fetching, target }: Props) {
  const words = useTexts(texts);
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const content = useRef<HTMLDivElement>(null);
  const end = useEnd(scroller, content, setAway);
  const count = messages.length + (tail ? 1 : 0);
  const list = useVirtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => GUESS,
    getItemKey: (index) => messages[index]?.id ?? "tail",
    anchorTo: "end",
    scrollEndThreshold: NEAR,
    observeElementOffset: end.observe,
    measureElement: measured,
    overscan: 2,
    paddingStart: 16,
    paddingEnd: 24,
  });

  const goal = target === null ? -1 : messages.findIndex((one) => one.id === target);
  const reached = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (goal < 0 || reached.current === target) return;
    reached.current = target;
    end.leave();
    list.scrollToIndex(goal, { align: "center" });
  }, [goal, target, list, end]);

  const sent = tail !== null;
  useLayoutEffect(() => {
    if (sent) end.follow(); // who says something wants to see what comes of it
  }, [sent, end]);
  const total = list.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever something has grown
  useLayoutEffect(() => end.keep(), [total, count, end]);

  const items = list.getVirtualItems();
  const first = items[0]?.index ?? 0;
  // What is drawn stands in the flow, so that a reply grows without anything being laid out twice.
  const above = items[0]?.start ?? 0;
  const below = total - (items.at(-1)?.end ?? 0);
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
        <div ref={content} style={{ paddingTop: above, paddingBottom: below }}>
          {items.map(({ index, key }) => {
            const message = messages[index];
            return (
              <div
                key={key}
                ref={list.measureElement}
                data-index={index}
                data-target={index === goal || undefined}
                className={styles.one}
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

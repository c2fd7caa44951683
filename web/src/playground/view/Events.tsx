/** Every event as it was on the wire, with when it came. Only those in view are drawn. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight } from "lucide-react";
import { memo, useCallback, useEffect, useRef, useState } from "react";
import { useTexts } from "../../texts/texts.ts";
import { useLengths } from "../lengths.ts";
import { payload } from "../tape/meaning.ts";
import type { Row, Tape } from "../tape/tape.ts";
import { texts } from "../texts.ts";
import card from "./Card.module.css";
import styles from "./Events.module.css";
import { useHeights } from "./heights.ts";

const NEAR = 40; // px from the bottom at which one is taken along by what arrives

export function Events({ tape }: { tape: Tape }) {
  const words = useTexts(texts);
  const { count } = useLengths();
  return (
    <section className={card.card} aria-labelledby="events">
      <h2 id="events">
        {words.events} <span className={styles.count}>{count(tape.rows.length)}</span>
      </h2>
      <Table tape={tape} />
      {tape.dropped > 0 && <p className={card.hint}>{words.dropped(count(tape.dropped))}</p>}
    </section>
  );
}

function Table({ tape }: { tape: Tape }) {
  const words = useTexts(texts);
  const box = useRef<HTMLElement>(null);
  const { rows } = tape;
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const follows = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another request's rows begin closed
  useEffect(() => {
    setOpen(new Set());
    follows.current = true;
  }, [tape]);
  const heightOf = useHeights();
  const heights = useRef(heightOf);
  heights.current = heightOf;
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => heightOf(rows[index]?.text ?? ""),
    overscan: 6,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another width has other heights
  useEffect(() => list.measure(), [heightOf(""), list]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: one is taken along by each arrival
  useEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = list.getTotalSize();
  }, [rows.length, list]);

  const turn = useCallback(
    (index: number) => {
      follows.current = false;
      setOpen((old) => {
        const next = new Set(old);
        if (!next.delete(index)) next.add(index);
        return next;
      });
      list.resizeItem(index, heights.current(rows[index]?.text ?? "")); // an open one is measured
    },
    [list, rows],
  );

  const leave = () => {
    follows.current = false;
  };

  function scrolled({ scrollHeight, scrollTop, clientHeight }: HTMLElement) {
    if (scrollHeight - scrollTop - clientHeight < NEAR) follows.current = true;
  }

  return (
    <section
      ref={box}
      className={styles.box}
      aria-label={words.events}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
      tabIndex={0}
      onScroll={(event) => scrolled(event.currentTarget)}
      onWheel={leave}
      onTouchMove={leave}
      onPointerDown={leave}
      onKeyDown={leave}
    >
      <Head />
      <ol className={styles.rows} style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, start, key }) => (
          <li
            key={key}
            ref={open.has(index) ? list.measureElement : null}
            data-index={index}
            aria-setsize={rows.length}
            aria-posinset={index + 1}
            className={styles.row}
            style={{ transform: `translateY(${start}px)` }}
          >
            <Line row={rows[index] as Row} index={index} open={open.has(index)} onTurn={turn} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What stands in the columns; each line says it again for who does not see columns. */
function Head() {
  const { columns } = useTexts(texts);
  return (
    <div className={`${styles.cells} ${styles.head}`} aria-hidden="true">
      <span className={styles.number}>{columns.at}</span>
      <span className={styles.number}>{columns.gap}</span>
      <span className={styles.number}>{columns.bytes}</span>
      <span className={styles.wire}>{columns.text}</span>
    </div>
  );
}

interface LineProps {
  row: Row;
  index: number;
  open: boolean;
  onTurn: (index: number) => void;
}

const Line = memo(function Line({ row, index, open, onTurn }: LineProps) {
  const words = useTexts(texts);
  const { count } = useLengths();
  const value = open ? payload(row.text) : undefined;
  const Icon = open ? ChevronDown : ChevronRight;
  return (
    <div className={styles.cells}>
      <Figure name={words.columns.at} value={row.at.toFixed(1)} />
      <Figure name={words.columns.gap} value={`+${row.gap.toFixed(1)}`} />
      <Figure name={words.columns.bytes} value={count(row.bytes)} />
      <div className={styles.wire}>
        <button
          type="button"
          className={styles.turn}
          aria-expanded={open}
          aria-label={words.show(count(index + 1))}
          onClick={() => onTurn(index)}
        >
          <Icon aria-hidden="true" />
        </button>
        <span className={open ? styles.whole : styles.text}>{row.text}</span>
        {open && value !== undefined && (
          <pre className={styles.pretty}>{JSON.stringify(value, null, 2)}</pre>
        )}
      </div>
    </div>
  );
});

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <span className={styles.number}>
      <span className="hidden">{name} </span>
      {value}
    </span>
  );
}

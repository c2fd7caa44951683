/** A table. It may grow by rows, and rows once drawn are not drawn again; a huge one is shown in
 * steps. */
import type { Links } from "marked";
import { memo, type RefObject, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { type Align, alignments, cells, rows } from "./cells.ts";
import { useGradually } from "./gradually.ts";
import { Inline } from "./Inline.tsx";
import { lexLine } from "./lex.ts";
import styles from "./Markdown.module.css";
import { Scroll } from "./Scroll.tsx";
import { texts } from "./texts.ts";

const ROWS = 500; // shown at first, and more by each press
const COLUMNS = 60;
const PIECE = 32; // rows that are drawn as one
const AT_ONCE = 3; // pieces that are drawn together; a longer table is drawn bit by bit
const SETTLED = 64; // rows from which on the columns keep their widths

interface Shape {
  /** Of the columns that are shown. */
  aligns: readonly Align[];
  links: Links;
}

export function Table({ source, links }: { source: string; links: Links }) {
  const words = useTexts(texts);
  const [most, setMost] = useState(ROWS);
  const [widest, setWidest] = useState(COLUMNS);
  const { head, delimiters, body } = parts(source);
  const all = useMemo(() => alignments(delimiters), [delimiters]);
  const aligns = useMemo(() => all.slice(0, widest), [all, widest]);
  const { pieces, count } = rows(body, most, PIECE);
  const shown = useGradually(pieces.length, AT_ONCE);
  const table = useRef<HTMLTableElement>(null);
  const widths = useWidths(table, count > SETTLED, aligns.length);
  const hidden = { rows: count - most, columns: all.length - widest };
  return (
    <div>
      <Scroll label={words.table}>
        <table
          ref={table}
          className={styles.table}
          style={widths ? { tableLayout: "fixed", width: total(widths) } : undefined}
        >
          {widths && (
            <colgroup>
              {widths.map((width, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
                <col key={index} style={{ width }} />
              ))}
            </colgroup>
          )}
          <thead>
            <Row line={head} head {...{ aligns, links }} />
          </thead>
          <tbody>
            {pieces.slice(0, shown).map((piece, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name but their place
              <Rows key={index} source={piece} {...{ aligns, links }} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {hidden.rows > 0 && (
        <Button className={styles.more} onClick={() => setMost(most + ROWS)}>
          {words.moreRows(Math.min(ROWS, hidden.rows))}
        </Button>
      )}
      {hidden.columns > 0 && (
        <Button className={styles.more} onClick={() => setWidest(widest + COLUMNS)}>
          {words.moreColumns(Math.min(COLUMNS, hidden.columns))}
        </Button>
      )}
    </div>
  );
}

const total = (widths: number[]) => widths.reduce((sum, width) => sum + width, 0);

/** The columns' widths once there are rows enough to tell; else each row would move them all, which
 * takes longer the more there are. */
function useWidths(
  table: RefObject<HTMLTableElement | null>,
  settled: boolean,
  columns: number,
): number[] | null {
  const [widths, setWidths] = useState<number[] | null>(null);
  const known = widths?.length === columns;
  useLayoutEffect(() => {
    const cells = table.current?.tHead?.rows[0]?.cells;
    if (!settled || known || !cells) return;
    setWidths(Array.from(cells, (cell) => cell.getBoundingClientRect().width));
  }, [table, settled, known]);
  return settled && known ? widths : null;
}

function parts(source: string) {
  const first = source.indexOf("\n");
  const second = source.indexOf("\n", first + 1);
  const end = second < 0 ? source.length : second;
  return {
    head: source.slice(0, Math.max(0, first)),
    delimiters: source.slice(first + 1, end),
    body: source.slice(end + 1),
  };
}

const Rows = memo(function Rows({ source, ...shape }: Shape & { source: string }) {
  const lines = source.replace(/\n$/, "").split("\n");
  return lines.map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name but their place
    <Row key={index} line={line} {...shape} />
  ));
});

const Row = memo(function Row({
  line,
  head = false,
  aligns,
  links,
}: Shape & { line: string; head?: boolean }) {
  const Cell = head ? "th" : "td";
  return (
    <tr>
      {cells(line, aligns.length).map((cell, index) => (
        <Cell
          // biome-ignore lint/suspicious/noArrayIndexKey: cells have no name but their place
          key={index}
          dir="auto"
          data-align={aligns[index] ?? undefined}
          {...(head && { scope: "col" })}
        >
          <Inline tokens={lexLine(cell, links)} />
        </Cell>
      ))}
    </tr>
  );
});

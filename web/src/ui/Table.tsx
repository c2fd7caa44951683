/** A table. Where it is narrow, each row is a card of its own, or the table scrolls sideways. */
import type { ReactNode } from "react";
import styles from "./Table.module.css";

export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  /** A number: digits stand under digits. */
  figure?: boolean;
  /** It stays on one line. */
  tight?: boolean;
  /** What the row is called by. */
  main?: boolean;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  id: (row: T) => string;
  /** On a narrow screen. */
  narrow: "cards" | "scroll";
  foot?: T;
}

export function Table<T>({ label, columns, rows, id, narrow, foot }: Props<T>) {
  const scrolls = narrow === "scroll";
  // What scrolls must be reachable by keys.
  const reach = scrolls ? { role: "region", "aria-label": label, tabIndex: 0 } : {};
  // The roles are spelt out: as cards, some browsers take a table for no table any more.
  return (
    <div className={`${styles.region} ${scrolls ? styles.scroll : styles.cards}`} {...reach}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: see above */}
      <table role="table" className={styles.table} aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.key} role="columnheader" scope="col" className={look(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <Row key={id(row)} columns={columns} row={row} />
          ))}
        </tbody>
        {foot && (
          <tfoot role="rowgroup">
            <Row columns={columns} row={foot} />
          </tfoot>
        )}
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
    </div>
  );
}

function Row<T>({ columns, row }: { columns: readonly Column<T>[]; row: T }) {
  return (
    // biome-ignore lint/a11y/noRedundantRoles: see above
    <tr role="row">
      {columns.map((column) => {
        const Cell = column.main ? "th" : "td";
        return (
          <Cell
            key={column.key}
            role={column.main ? "rowheader" : "cell"}
            {...(column.main && { scope: "row" })}
            className={look(column)}
            data-head={column.head}
          >
            {column.cell(row)}
          </Cell>
        );
      })}
    </tr>
  );
}

const look = <T,>({ figure, tight, main }: Column<T>) =>
  [figure && styles.figure, tight && styles.tight, main && styles.main].filter(Boolean).join(" ");

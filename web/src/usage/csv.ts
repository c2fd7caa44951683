/** A table as CSV: RFC 4180, in UTF-8 with a mark that spreadsheets know it by. Pure. */

type Cell = string | number;

const MARK = "\uFEFF";
const SPECIAL = /[",\r\n]/;
const FORMULA = /^[=+\-@\t\r]/; // what a spreadsheet would run: https://owasp.org/www-community/attacks/CSV_Injection

export function csv(rows: readonly (readonly Cell[])[]): string {
  return MARK + rows.map((row) => `${row.map(written).join(",")}\r\n`).join("");
}

function written(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

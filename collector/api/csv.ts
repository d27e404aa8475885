/** A table as RFC 4180 has it, for spreadsheets: nothing in it is ever taken for a formula. */

/** What begins so, a spreadsheet would compute. */
const FORMULA = /^[=+\-@\t\r]/;

export function renderCsv(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, ...rows].map((row) => `${row.map(renderCell).join(",")}\r\n`).join("");
}

function renderCell(cell: string | number): string {
  if (typeof cell === "number") {
    return String(cell);
  }
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

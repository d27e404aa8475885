/** Rows under a head, columns as wide as their widest cell; the last column gives way when the line is too long. */
import { cutText, padText, textWidth } from "./text-width.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly columns: number;
  readonly indent: number;
}

export interface Cell {
  readonly text: string;
  /** Applied after the text is measured and padded. */
  readonly style?: (text: string) => string;
}

const GAP = "  ";

/** Lines with a line feed each. */
export function renderTable(table: Table): string {
  const head = table.head.map((text) => ({ text }));
  const widths = table.head.map((_, column) =>
    Math.max(...[head, ...table.rows].map((row) => textWidth(row[column]?.text ?? ""))),
  );
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, table.indent);
  const last = widths.length - 1;
  widths[last] = Math.max(8, Math.min(widths[last] ?? 0, table.columns - before));
  return [head, ...table.rows]
    .map((row: readonly Cell[]) => {
      const cells = row.map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = column === last ? cutText(cell.text, width) : padText(cell.text, width);
        return cell.style === undefined ? text : cell.style(text);
      });
      return `${" ".repeat(table.indent)}${cells.join(GAP).trimEnd()}\n`;
    })
    .join("");
}

/** The lines of a chart as a table for a spreadsheet. Pure. */
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { Columns } from "./to-columns.ts";

export function toCsv(metric: string, { atSeconds, lines }: Columns): string {
  const head = ["time", ...lines.map(({ node }) => `${metric} ${node}`)];
  const rows = atSeconds.map((at, step) => [
    formatTimestamp(Math.round(at * 1_000)),
    ...lines.map(({ values }) => String(values[step] ?? "")),
  ]);
  return [head, ...rows]
    .map((row) => row.map(quote).join(","))
    .join("\r\n")
    .concat("\r\n");
}

/** A cell that begins like a formula would be run by a spreadsheet; names come from nodes. */
function quote(cell: string): string {
  const isNumber = cell !== "" && Number.isFinite(Number(cell));
  const safe = !isNumber && /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A service's log as records: one JSON object a line. */
import { existsSync, readFileSync } from "node:fs";

export interface LogRecord {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A last line that is still being written is left out. */
export function readLog(path: string): readonly LogRecord[] {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogRecord);
}

/** Records with this message, as one text: what a failing test shows. */
export function findRecords(path: string, msg: string): string {
  return readLog(path)
    .filter((record) => record.msg === msg)
    .map((record) => JSON.stringify(record))
    .join("\n");
}

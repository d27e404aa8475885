/** Breaks pages of a history on purpose, as a bad disk does. No collector may have it open. */
import Database from "better-sqlite3";
import { closeSync, openSync, writeSync } from "node:fs";

export interface PageChoice {
  readonly table: string;
  /** As dbstat has it. */
  readonly type: "leaf" | "overflow";
  /** Of its pages in the order of their rows: 0 is the first, 0.5 one in the middle. */
  readonly place: number;
  readonly fill: number;
}

export function damagePage(path: string, choice: PageChoice): void {
  const db = new Database(path);
  db.pragma("wal_checkpoint(TRUNCATE)");
  const pages = db
    .prepare<[string, string], number>(
      "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path",
    )
    .pluck()
    .all(choice.table, choice.type);
  const bytes = Number(db.pragma("page_size", { simple: true }));
  db.close();
  const page = pages[Math.floor(choice.place * pages.length)];
  if (page === undefined) {
    throw new Error(`Expected ${choice.table} to have pages of type ${choice.type}`);
  }
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(bytes, choice.fill), 0, bytes, (page - 1) * bytes);
  closeSync(file);
}

/** Looks at a history without changing it: before a start, when somebody asks, and after a backup. */
import { existsSync, statSync } from "node:fs";
import { EtcdscopeError } from "../../shared/errors.ts";
import { assertUsable, openForReading, translateSqliteError, type Db } from "./database.ts";

export interface CheckOptions {
  /** Every page is read, and what refers to what is followed. Else only that the file opens: a start is not held up for minutes. */
  readonly isWhole: boolean;
  /** Called with the file's size before all of it is read. */
  readonly onReading?: (bytes: number) => void;
}

export type HistoryCheck =
  /** None yet: it will be created. */
  | { readonly kind: "absent" }
  | { readonly kind: "fine"; readonly bytes: number }
  /** Must not be used: a newer etcdscope's, or another program's. */
  | { readonly kind: "refused"; readonly problem: string }
  /** Cannot be read. A collector would put it aside and begin a new one. */
  | { readonly kind: "damaged"; readonly problem: string };

export function checkHistory(path: string, options: CheckOptions): HistoryCheck {
  if (!existsSync(path)) {
    return { kind: "absent" };
  }
  try {
    const db = openForReading(path);
    try {
      assertUsable(db, path);
      const { size: bytes } = statSync(path);
      const found = options.isWhole
        ? readWhole(db, bytes, options)
        : String(db.prepare("SELECT 'ok' FROM sqlite_schema LIMIT 1").pluck().get());
      return found === "ok"
        ? { kind: "fine", bytes }
        : { kind: "damaged", problem: `SQLite found it damaged: ${found}` };
    } finally {
      db.close();
    }
  } catch (error) {
    const { code, message } = translateSqliteError(error);
    if (code === "CONFIG_INVALID") {
      return { kind: "refused", problem: message };
    }
    if (code === "STORAGE_CORRUPT") {
      return { kind: "damaged", problem: message };
    }
    throw EtcdscopeError.from(error, "STORAGE_FAILED");
  }
}

function readWhole(db: Db, bytes: number, { onReading }: CheckOptions): string {
  onReading?.(bytes);
  return String(db.pragma("quick_check(1)", { simple: true }));
}

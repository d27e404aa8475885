/** Looks at a history without changing it: for a check before a start, and after a backup. */
import { existsSync, statSync } from "node:fs";
import { EtcdscopeError } from "../../shared/errors.ts";
import { assertUsable, openForReading, translateSqliteError } from "./database.ts";

/** A larger file is not read to its end: a check must not hold up a start for minutes. */
const MAX_WHOLE_BYTES = 2 * 1024 ** 3;

export type HistoryCheck =
  /** None yet: it will be created. */
  | { readonly kind: "absent" }
  | { readonly kind: "fine"; readonly bytes: number; readonly isWhole: boolean }
  /** Must not be used: a newer etcdscope's, or another program's. */
  | { readonly kind: "refused"; readonly problem: string }
  /** Cannot be read. A collector would put it aside and begin a new one. */
  | { readonly kind: "damaged"; readonly problem: string };

export function checkHistory(path: string): HistoryCheck {
  if (!existsSync(path)) {
    return { kind: "absent" };
  }
  try {
    const db = openForReading(path);
    try {
      assertUsable(db, path);
      const { size: bytes } = statSync(path);
      const isWhole = bytes <= MAX_WHOLE_BYTES;
      const found = isWhole
        ? String(db.pragma("quick_check(1)", { simple: true }))
        : String(db.prepare("SELECT 'ok' FROM sqlite_schema LIMIT 1").pluck().get());
      return found === "ok"
        ? { kind: "fine", bytes, isWhole }
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

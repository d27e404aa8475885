/** Copies a history while a collector writes it: one moment of it, without its free pages, under its name only when whole. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { checkHistory } from "./check-history.ts";
import { openForReading, translateSqliteError } from "./database.ts";

export interface BackedUp {
  readonly bytes: number;
}

/** The target must be a new file. Durable when it returns. `onReading` is called with the size of what is read to its end, twice. */
export function backUpHistory(
  path: string,
  target: string,
  onReading?: (file: string, bytes: number) => void,
): BackedUp {
  if (existsSync(target)) {
    throw new EtcdscopeError("ARGUMENT_INVALID", `${target} exists: a backup is never written over a file`, {
      field: "FILE",
    });
  }
  if (!existsSync(path)) {
    throw new EtcdscopeError("NOT_FOUND", `There is no history at ${path}`);
  }
  const part = `${target}.part`;
  rmSync(part, { force: true });
  try {
    onReading?.(path, statSync(path).size);
    copyTo(path, part);
    const check = checkHistory(part, { isWhole: true, onReading: (bytes) => onReading?.(target, bytes) });
    if (check.kind !== "fine") {
      const problem = check.kind === "absent" ? "it is not there" : check.problem;
      throw new EtcdscopeError("STORAGE_CORRUPT", `The copy cannot be used: ${problem}`);
    }
    flush(part);
    renameSync(part, target);
    flush(dirname(target));
    return { bytes: statSync(target).size };
  } catch (error) {
    rmSync(part, { force: true });
    throw translateSqliteError(error);
  }
}

/** VACUUM INTO reads one snapshot, however much is written meanwhile, and never holds up the writer. */
function copyTo(path: string, part: string): void {
  const db = openForReading(path);
  try {
    db.pragma("query_only = OFF"); // the file is open for reading only all the same; the copy is written
    db.prepare("VACUUM INTO ?").run(part);
  } finally {
    db.close();
  }
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

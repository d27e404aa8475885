/** Opens the history's file: the only place that knows SQLite's settings, versions and error codes. Worker threads only. */
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { EtcdscopeError, type ErrorCode } from "../../shared/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

export type Db = Database.Database;

/** Time that a connection waits for a lock that another holds. */
const BUSY_TIMEOUT_MS = 5000;
/** The write-ahead log is truncated to this after a checkpoint, so that one burst does not keep its space. */
const JOURNAL_BYTES = 64 * 1024 * 1024;

export interface OpenedDatabase {
  readonly db: Db;
  /** Where a file that could not be read was put aside, when that happened now. */
  readonly damagedFile: string | undefined;
}

export interface OpenOptions {
  readonly path: string;
  /** Names a damaged file. */
  readonly nowMs: number;
  /** The file was found to be damaged while it was in use: it is put aside unread. */
  readonly isKnownDamaged: boolean;
}

/**
 * Opens for writing; creates the file and its tables where they are missing. A file that is no database, or a broken
 * one, is renamed and a fresh one started. A newer etcdscope's file, or another program's, is refused.
 */
export function openDatabase(options: OpenOptions): OpenedDatabase {
  try {
    mkdirSync(dirname(options.path), { recursive: true });
    if (!options.isKnownDamaged) {
      return { db: openReady(options.path), damagedFile: undefined };
    }
  } catch (error) {
    const translated = translateSqliteError(error);
    if (translated.code !== "STORAGE_CORRUPT") {
      throw translated;
    }
  }
  const damagedFile = setAside(options);
  try {
    return { db: openReady(options.path), damagedFile };
  } catch (error) {
    throw translateSqliteError(error);
  }
}

/** Opens an existing file for reading. */
export function openForReading(path: string): Db {
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    db.pragma("query_only = ON");
    return db;
  } catch (error) {
    throw translateSqliteError(error);
  }
}

function openReady(path: string): Db {
  const db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    const isNew = db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0;
    if (!isNew) {
      assertUsable(db, path);
    }
    if (isNew) {
      db.pragma("auto_vacuum = INCREMENTAL");
    }
    db.pragma("journal_mode = WAL");
    // a commit is on the disk before it returns: what is acknowledged survives power loss
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.pragma(`journal_size_limit = ${JOURNAL_BYTES}`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Throws CONFIG_INVALID for another program's file and a newer etcdscope's: both are left as they are. */
export function assertUsable(db: Db, path: string): void {
  if (db.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    throw new EtcdscopeError(
      "CONFIG_INVALID",
      `Expected ${path} to be a history of etcdscope, but it is another program's database`,
    );
  }
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > MIGRATIONS.length) {
    throw new EtcdscopeError(
      "CONFIG_INVALID",
      `${path} was written by a newer etcdscope (schema ${version}, this one knows up to ${MIGRATIONS.length}): upgrade, or start with another path`,
    );
  }
}

function migrate(db: Db): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    db.transaction(() => {
      db.exec(MIGRATIONS[next] ?? "");
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${next + 1}`);
    })();
  }
}

function setAside(options: OpenOptions): string {
  const stamp = new Date(options.nowMs).toISOString().replaceAll(/[:.]/g, "-");
  const target = `${options.path}.damaged-${stamp}`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(options.path + suffix)) {
      renameSync(options.path + suffix, target + suffix);
    }
  }
  return target;
}

/** SQLite's result codes → ours. The first prefix that fits decides. */
const SQLITE_CODES: readonly (readonly [string, ErrorCode, string])[] = [
  ["SQLITE_FULL", "STORAGE_FULL", "disk_full"],
  ["SQLITE_NOTADB", "STORAGE_CORRUPT", "not_a_database"],
  ["SQLITE_CORRUPT", "STORAGE_CORRUPT", "corrupt"],
  ["SQLITE_IOERR_WRITE", "STORAGE_FAILED", "write_failed"],
  ["SQLITE_IOERR", "STORAGE_FAILED", "io_failed"],
  ["SQLITE_READONLY", "STORAGE_FAILED", "read_only"],
  ["SQLITE_CANTOPEN", "STORAGE_FAILED", "cannot_open"],
  ["SQLITE_BUSY", "STORAGE_FAILED", "locked"],
  ["SQLITE_", "STORAGE_FAILED", "sqlite"],
  // of the file system, when a file is renamed or a folder made
  ["ENOSPC", "STORAGE_FULL", "disk_full"],
  ["EDQUOT", "STORAGE_FULL", "disk_full"],
  ["E", "STORAGE_FAILED", "file_system"],
];

/** Turns what better-sqlite3 or the file system threw into an EtcdscopeError. */
export function translateSqliteError(error: unknown): EtcdscopeError {
  if (error instanceof EtcdscopeError) {
    return error;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const row = SQLITE_CODES.find(([prefix]) => code.startsWith(prefix));
  const message = error instanceof Error ? error.message : String(error);
  return row === undefined
    ? EtcdscopeError.from(error, "STORAGE_FAILED")
    : new EtcdscopeError(row[1], `History: ${message} (${code})`, { cause: error, reason: row[2] });
}

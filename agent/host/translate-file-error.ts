/** Errors of the file system → EtcdscopeErrors, once, by a table whose rows have reasons. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ErrorCode } from "../../shared/errors.ts";

interface FileFailure {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly text: string;
}

/** By the system's name of the error. */
export const FILE_FAILURES: Readonly<Record<string, FileFailure>> = {
  ENOENT: { code: "NOT_FOUND", reason: "not_found", text: "does not exist" },
  // A part of the path that should be a directory is a file.
  ENOTDIR: { code: "NOT_FOUND", reason: "not_found", text: "does not exist" },
  // /proc/PID/root of a process that has gone.
  ESRCH: { code: "NOT_FOUND", reason: "not_found", text: "does not exist" },
  EACCES: {
    code: "PERMISSION_DENIED",
    reason: "permission_denied",
    text: "may not be accessed by the agent",
  },
  EPERM: { code: "PERMISSION_DENIED", reason: "permission_denied", text: "may not be accessed by the agent" },
  ENOSPC: { code: "STORAGE_FULL", reason: "no_space", text: "has no space left" },
  EDQUOT: { code: "STORAGE_FULL", reason: "no_space", text: "is over its disk quota" },
  EROFS: { code: "STORAGE_FAILED", reason: "read_only", text: "is read-only" },
  // What a dying disk gives.
  EIO: { code: "STORAGE_FAILED", reason: "io_error", text: "gave an input/output error" },
  ELOOP: {
    code: "STORAGE_FAILED",
    reason: "symbolic_link",
    text: "is a symbolic link where none is allowed",
  },
  EEXIST: { code: "STORAGE_FAILED", reason: "exists", text: "already exists" },
};

/** `what` is the path, or what was done to it. */
export function translateFileError(caught: unknown, what: string): EtcdscopeError {
  if (caught instanceof EtcdscopeError) {
    return caught;
  }
  const name = caught instanceof Error && "code" in caught ? String(caught.code) : "";
  const row = FILE_FAILURES[name];
  if (row !== undefined) {
    return new EtcdscopeError(row.code, `${what} ${row.text}`, { cause: caught, reason: row.reason });
  }
  const detail = caught instanceof Error ? caught.message : String(caught);
  return new EtcdscopeError("STORAGE_FAILED", `${what} failed: ${detail}`, {
    cause: caught,
    reason: "other",
  });
}

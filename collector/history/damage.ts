/**
 * What follows of an error about bytes that are not what they should be. A file that the writer's thread, or the landing area's
 * compaction, finds to be broken is put aside as a whole: pages cannot be taken out of it, rows beside a broken page cannot be
 * removed, and so it can neither be written safely nor kept small. What cannot be read of older data is told and passed over;
 * the rest of it is worth more than a file without a fault. Pure.
 */
import type { EtcdscopeError } from "../../shared/errors.ts";

type Failure = Pick<EtcdscopeError, "code" | "reason">;

/** Reasons with which SQLite says that the file's own structure is broken. Without one a row does not hold what it should. */
const OF_THE_FILE: readonly (string | undefined)[] = ["corrupt", "not_a_database"];

export function isFileDamaged({ code, reason }: Failure): boolean {
  return code === "STORAGE_CORRUPT" && OF_THE_FILE.includes(reason);
}

/** Something in the file cannot be read, be it for its structure, a row's bytes or the disk. */
export function isUnreadable({ code, reason }: Failure): boolean {
  return code === "STORAGE_CORRUPT" || reason === "io_failed";
}

/** Reads what was appended to a log file, a bounded part at a time; the caller remembers the place. */
import { open, stat } from "node:fs/promises";

/** A place in a log file; the inode tells a rotated file from a grown one. */
export interface LogPlace {
  readonly inode: number;
  readonly offset: number;
}

export interface LogPart {
  /** Behind the part. */
  readonly place: LogPlace;
  readonly bytes: Buffer;
  /** Jumped over, because there was more than could be read. */
  readonly skippedBytes: number;
  /** Another file has taken the place of the one read before, or it was truncated. */
  readonly isNewFile: boolean;
}

/** Read at a time. A flood of 100,000 lines a second is 100 times as much: then the newest are read, the rest counted. */
export const MAX_PART_BYTES = 256 * 1024;
/** Behind by more than this, it will not catch up. */
const MAX_BEHIND_BYTES = 2 * MAX_PART_BYTES;

/** `from` undefined: the first look, at the file's end, as far back as one part. */
export async function readLogPart(path: string, from: LogPlace | undefined): Promise<LogPart> {
  const seen = await stat(path);
  const isNewFile = from !== undefined && (seen.ino !== from.inode || seen.size < from.offset);
  const known = from === undefined ? Math.max(0, seen.size - MAX_PART_BYTES) : isNewFile ? 0 : from.offset;
  const offset = seen.size - known > MAX_BEHIND_BYTES ? seen.size - MAX_PART_BYTES : known;
  const skippedBytes = offset - known;
  if (seen.size === offset) {
    return { place: { inode: seen.ino, offset }, bytes: Buffer.alloc(0), skippedBytes, isNewFile };
  }
  const file = await open(path, "r");
  try {
    const wanted = Math.min(seen.size - offset, MAX_PART_BYTES);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
    const place = { inode: seen.ino, offset: offset + bytesRead };
    return { place, bytes: buffer.subarray(0, bytesRead), skippedBytes, isNewFile };
  } finally {
    await file.close();
  }
}

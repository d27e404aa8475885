/** Reads what was appended to a log file, a bounded part at a time; the caller remembers the place. */
import { createHash } from "node:crypto";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A place in a log file; the inode tells a rotated file from a grown one. */
export interface LogPlace {
  readonly inode: number;
  readonly offset: number;
  /** What stands before the place; absent where nothing was read. It tells a file that was emptied and filled again (copytruncate). */
  readonly mark?: LogMark;
}

export interface LogMark {
  /** So many bytes. */
  readonly bytes: number;
  /** Not the bytes themselves: the place is kept on disk, and a log may hold what is nobody's business. */
  readonly hash: string;
}

export interface LogPart {
  /** Behind the part. */
  readonly place: LogPlace;
  readonly bytes: Buffer;
  /** Jumped over, because there was more than could be read. */
  readonly skippedBytes: number;
  /** Another file has taken the place of the one read before, or it was truncated: lines do not go on. */
  readonly isNewFile: boolean;
  /** There is more to read now. */
  readonly hasMore: boolean;
}

/** Read at a time. A flood of 100,000 lines a second is 100 times as much: then the newest are read, the rest counted. */
export const MAX_PART_BYTES = 256 * 1024;

/** When what is behind is given up: beyond `mostBytes` all but the newest `keptBytes`. */
export interface LogLag {
  readonly mostBytes: number;
  readonly keptBytes: number;
}

/** Behind by more than this, it will not catch up. */
const USUAL_LAG: LogLag = { mostBytes: 2 * MAX_PART_BYTES, keptBytes: MAX_PART_BYTES };

export interface LogFrom {
  /** undefined: the file's beginning. */
  readonly place: LogPlace | undefined;
  readonly lag?: LogLag | undefined;
}

/** Files with the log's name and more behind it that are looked at for the one that was renamed. */
const MAX_SIBLINGS = 30;

const MARK_BYTES = 64;

export async function readLogPart(path: string, from: LogFrom): Promise<LogPart> {
  const { place, lag = USUAL_LAG } = from;
  const seen = await stat(path);
  if (place === undefined) {
    return await readOn(path, { ino: seen.ino, size: seen.size, lag }, { offset: 0 });
  }
  const own = { ino: seen.ino, size: seen.size, lag };
  const isSame = seen.ino === place.inode && (await isUnchangedBefore(path, place, seen.size));
  if (isSame) {
    return await readOn(path, own, place);
  }
  const before = await findBefore(path, place, seen.ino);
  if (before !== undefined) {
    const part = await readOn(before.path, { ino: place.inode, size: before.size, lag }, place);
    // Behind the end of the old file, the new one is read from its beginning at the next look.
    return part.hasMore ? part : { ...part, place: { inode: seen.ino, offset: 0 }, hasMore: seen.size > 0 };
  }
  return { ...(await readOn(path, own, { offset: 0 })), isNewFile: true };
}

interface Seen {
  readonly ino: number;
  readonly size: number;
  readonly lag: LogLag;
}

async function readOn(
  path: string,
  { ino, size, lag }: Seen,
  { offset, mark }: Pick<LogPlace, "offset" | "mark">,
): Promise<LogPart> {
  const { bytes, skippedBytes, end } = await readFrom(path, offset, { size, lag });
  const after = bytes.length === 0 ? mark : markOf(bytes.subarray(-MARK_BYTES));
  const place = { inode: ino, offset: end, ...(after === undefined ? {} : { mark: after }) };
  return { place, bytes, skippedBytes, isNewFile: false, hasMore: size > end };
}

function markOf(bytes: Buffer): LogMark {
  return { bytes: bytes.length, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
}

/** Nothing has come: then nothing is read to be sure. */
async function isUnchangedBefore(path: string, { offset, mark }: LogPlace, size: number): Promise<boolean> {
  return size >= offset && (size === offset || mark === undefined || (await hasMark(path, offset, mark)));
}

async function hasMark(path: string, offset: number, mark: LogMark): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const length = Math.min(mark.bytes, MARK_BYTES);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset - length);
    return markOf(buffer.subarray(0, bytesRead)).hash === mark.hash;
  } finally {
    await file.close();
  }
}

async function readFrom(
  path: string,
  known: number,
  { size, lag }: { readonly size: number; readonly lag: LogLag },
): Promise<{ readonly bytes: Buffer; readonly skippedBytes: number; readonly end: number }> {
  const offset = size - known > lag.mostBytes ? size - lag.keptBytes : known;
  if (size <= offset) {
    return { bytes: Buffer.alloc(0), skippedBytes: 0, end: offset };
  }
  const file = await open(path, "r");
  try {
    const wanted = Math.min(size - offset, MAX_PART_BYTES);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
    const bytes = buffer.subarray(0, bytesRead);
    // The rest of a line would be taken for one.
    const cutBytes = offset === known ? 0 : bytes.indexOf("\n") + 1;
    return {
      bytes: bytes.subarray(cutBytes),
      skippedBytes: offset - known + cutBytes,
      end: offset + bytesRead,
    };
  } finally {
    await file.close();
  }
}

/**
 * The file that was read until now, where something is left to be read in it: under the name that a rotation gave it, or, when the file
 * itself was emptied, the copy that was made of it.
 */
async function findBefore(
  path: string,
  { inode, offset, mark }: LogPlace,
  nowInode: number,
): Promise<{ readonly path: string; readonly size: number } | undefined> {
  // With Docker, the log of a pod is a link to where Docker has it, and renames it.
  const real = await realpath(path);
  const folder = dirname(real);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(basename(real)) && name !== basename(real),
  );
  // Newest names last, by number or date.
  for (const name of names.sort().reverse().slice(0, MAX_SIBLINGS)) {
    const candidate = join(folder, name);
    try {
      const { ino, size } = await stat(candidate);
      if (ino === inode) {
        return size > offset ? { path: candidate, size } : undefined;
      }
      const mayBeCopy = inode === nowInode && mark !== undefined && size > offset;
      if (mayBeCopy && (await hasMark(candidate, offset, mark))) {
        return { path: candidate, size };
      }
    } catch (caught) {
      // Removed between the two looks.
      if (!(caught instanceof Error && "code" in caught && caught.code === "ENOENT")) {
        throw caught;
      }
    }
  }
  return undefined;
}

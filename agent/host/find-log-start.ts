/** Where in a log to begin so that what was said since a time is read: found by the lines' own times, in few small reads. */
import { open, readdir, realpath, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseLine } from "../../shared/log/parse-line.ts";
import { parseLineTimeMs } from "../../shared/log/parse-line-time.ts";
import type { LogPlace } from "./read-log-part.ts";

export interface LogSpan {
  readonly sinceMs: number;
  /** Gives lines without a year theirs. */
  readonly nowMs: number;
  /** So much of the file itself is read however old it is: what an etcd that ended long ago said last. */
  readonly minBytes: number;
  /** Of more than this the newest. */
  readonly maxBytes: number;
}

export interface LogStart {
  readonly place: LogPlace;
  /** In the file that was rotated away meanwhile; it is to be read first. */
  readonly before: { readonly path: string; readonly place: LogPlace } | undefined;
  /** Since the time, and more than is to be read. */
  readonly skippedBytes: number;
}

/** Precise enough: lines have their own times. */
const BLOCK_BYTES = 64 * 1024;
/** A line with a time is in it, or the place counts as young. */
const LOOK_BYTES = 16 * 1024;
/** As in read-log-part.ts. */
const MAX_SIBLINGS = 30;
/** What nobody writes to any more and cannot be read as text; kubelet packs into .tmp. */
const PACKED = /\.(?:gz|xz|zst|bz2|tmp)$/;

export async function findLogStart(path: string, span: LogSpan): Promise<LogStart> {
  const own = await findYoung(path, span);
  const rest = { ...span, minBytes: 0, maxBytes: span.maxBytes - own.bytes };
  const rotated = own.isAllYoung ? await findRotated(path, span.sinceMs) : undefined;
  const old = rotated === undefined ? undefined : await findYoung(rotated, rest);
  return {
    place: own.place,
    before:
      rotated === undefined || old === undefined || old.bytes === 0
        ? undefined
        : { path: rotated, place: old.place },
    skippedBytes: own.skippedBytes + (old?.skippedBytes ?? 0),
  };
}

interface Young {
  /** Where to begin: where a line does. */
  readonly place: LogPlace;
  /** From there to the end. */
  readonly bytes: number;
  readonly skippedBytes: number;
  /** Its first line is young: there may be more in the file before. */
  readonly isAllYoung: boolean;
}

/** Lines stand in the order of their times but for what clocks do; where none has one, everything is young. */
async function findYoung(path: string, { sinceMs, nowMs, minBytes, maxBytes }: LogSpan): Promise<Young> {
  const file = await open(path, "r");
  try {
    const { ino, size } = await file.stat();
    const isOld = async (offset: number): Promise<boolean> =>
      ((await readTimeMs(file, offset, nowMs)) ?? sinceMs) < sinceMs;
    let [from, to] = [0, size];
    while (to - from > BLOCK_BYTES) {
      const middle = Math.floor((from + to) / 2);
      if (await isOld(middle)) {
        from = middle;
      } else {
        to = middle;
      }
    }
    const young = Math.max(0, Math.min(from, size - minBytes));
    const cut = Math.max(young, size - maxBytes);
    const offset = cut === 0 ? 0 : await findLine(file, cut);
    return {
      place: { inode: ino, offset },
      bytes: Math.max(0, size - offset),
      skippedBytes: cut === young ? 0 : offset - young,
      isAllYoung: from === 0 && !(await isOld(0)),
    };
  } finally {
    await file.close();
  }
}

/** Where the first line begins behind the offset; the offset itself, where none is near. */
async function findLine(file: FileHandle, offset: number): Promise<number> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, offset);
  return offset + buffer.subarray(0, bytesRead).indexOf("\n") + 1;
}

/** The time of the first line behind the offset that has one. */
async function readTimeMs(file: FileHandle, offset: number, nowMs: number): Promise<number | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(LOOK_BYTES), 0, LOOK_BYTES, offset);
  const lines = buffer.toString("latin1", 0, bytesRead).split("\n");
  for (const line of lines.slice(offset === 0 ? 0 : 1)) {
    const { time } = parseLine(line);
    const atMs = time === undefined ? undefined : parseLineTimeMs(time, nowMs);
    if (atMs !== undefined) {
      return atMs;
    }
  }
  return undefined;
}

/** The newest of the files that a rotation left, where it was written to since the time. */
async function findRotated(path: string, sinceMs: number): Promise<string | undefined> {
  // With Docker, the log of a pod is a link to where Docker has it, and renames it.
  const real = await realpath(path);
  const own = basename(real);
  const names = (await readdir(dirname(real)))
    .filter((name) => name.startsWith(own) && name !== own && !PACKED.test(name))
    .sort()
    .reverse()
    .slice(0, MAX_SIBLINGS);
  let newest: { readonly path: string; readonly atMs: number } | undefined;
  for (const name of names) {
    const candidate = join(dirname(real), name);
    // Removed between the two looks: as if it had not been there.
    const seen = await stat(candidate).catch(() => undefined);
    if (seen?.isFile() === true && seen.mtimeMs >= Math.max(sinceMs, newest?.atMs ?? 0)) {
      newest = { path: candidate, atMs: seen.mtimeMs };
    }
  }
  return newest?.path;
}

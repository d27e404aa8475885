/**
 * The one thing that the agent writes on etcd's file system: a block of a WAL record's size, to time fdatasync.
 *
 * The file has no name where the file system allows that (O_TMPFILE): nothing is then left behind by a crash, and an etcd that
 * starts meanwhile does not log an unknown file in its data directory. Elsewhere it has a name and is removed after use.
 */
import { constants } from "node:fs";
import { lstat, open, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import type { Clock } from "../../shared/clock.ts";

/** As fio's usual test for etcd: the mean size of a WAL write. */
const BLOCK = Buffer.alloc(2300, 0x65);
const FILE_NAME = ".etcdscope-fsync-probe";

/** The kernel's __O_TMPFILE bit, the same on x86 and ARM; it must go with O_DIRECTORY. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const NOT_SUPPORTED = new Set(["EOPNOTSUPP", "ENOTSUP", "EISDIR", "EINVAL", "ENOENT"]);

/** Seconds that write and fdatasync took together. */
export async function measureFsyncFile(directory: string, clock: Clock): Promise<number> {
  const unnamed = await openUnnamed(directory);
  const path = join(directory, FILE_NAME);
  const file =
    unnamed ??
    (await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    ));
  try {
    const beginUs = clock.monotonicUs();
    await file.write(BLOCK);
    await file.datasync();
    return (clock.monotonicUs() - beginUs) / 1e6;
  } finally {
    if (unnamed === undefined) {
      await unlink(path).catch(() => undefined);
    }
    await file.close();
  }
}

/** Removes a file that an agent which crashed may have left; only a plain file of the probe's size or less. */
export async function removeStaleFsyncFile(directory: string): Promise<void> {
  const path = join(directory, FILE_NAME);
  const facts = await lstat(path).catch(() => undefined);
  if (facts?.isFile() === true && facts.size <= BLOCK.length) {
    await unlink(path);
  }
}

/** undefined where the file system has no unnamed files. A missing directory fails again, and clearly, by name. */
async function openUnnamed(directory: string): Promise<FileHandle | undefined> {
  try {
    return await open(directory, O_TMPFILE | constants.O_WRONLY, 0o600);
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && NOT_SUPPORTED.has(String(caught.code))) {
      return undefined;
    }
    throw caught;
  }
}

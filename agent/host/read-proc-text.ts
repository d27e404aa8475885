/** Reads of /proc and /sys: small, synchronous and without garbage beyond the text itself. */
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from "node:fs";

/** What the system says when the thing is not there, or is not ours to see. */
const ABSENT = new Set(["ENOENT", "ESRCH", "ENOTDIR", "EACCES", "EPERM", "EINVAL"]);

/** One page: what the kernel gives of a short file in one read. Shared, since nothing runs between read and decode. */
const page = Buffer.allocUnsafe(4096);

/** The first 4096 bytes of a file that is shorter than that; undefined when it is not there or may not be read. */
export function findShortText(path: string): string | undefined {
  return absentAsUndefined(() => {
    const descriptor = openSync(path, "r");
    try {
      return page.toString("latin1", 0, readSync(descriptor, page, 0, page.length, 0));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** The whole of a file of any length. */
export function findText(path: string): string | undefined {
  return absentAsUndefined(() => readFileSync(path, "utf8"));
}

export function findLink(path: string): string | undefined {
  return absentAsUndefined(() => readlinkSync(path));
}

export function absentAsUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && ABSENT.has(String(caught.code))) {
      return undefined;
    }
    throw caught;
  }
}

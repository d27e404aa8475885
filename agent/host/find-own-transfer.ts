/** What this process has moved through read and write calls, from /proc/self/io: files, pipes and connections alike. */
import { findShortText } from "./read-proc-text.ts";

export interface Transfer {
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Zeros where the kernel does not count. */
export function findOwnTransfer(procRoot = "/proc"): Transfer {
  const text = findShortText(`${procRoot}/self/io`) ?? "";
  return {
    readBytes: Number(/^rchar: (\d+)$/m.exec(text)?.[1] ?? 0),
    writtenBytes: Number(/^wchar: (\d+)$/m.exec(text)?.[1] ?? 0),
  };
}

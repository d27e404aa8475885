/** What one process has written to storage, from /proc/PID/io: counted where it was asked for, whichever device it goes to. */
import { findShortText } from "./read-proc-text.ts";

/** undefined when the process is gone, or is not ours to look at. */
export function findWrittenBytes(procRoot: string, pid: number): number | undefined {
  const text = findShortText(`${procRoot}/${pid}/io`);
  const match = text === undefined ? null : /^write_bytes: (\d+)$/m.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

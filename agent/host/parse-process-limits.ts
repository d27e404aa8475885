/** Memory and descriptor limits from /proc/PID/status and /proc/PID/limits. Its own file so that it is tested on captured text. */

/** VmRSS; undefined for text without it (a zombie has none). */
export function parseResidentBytes(status: string): number | undefined {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
}

/** The soft limit of open files; undefined when there is none ("unlimited"). */
export function parseOpenFilesLimit(limits: string): number | undefined {
  const match = /^Max open files\s+(\d+)/m.exec(limits);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

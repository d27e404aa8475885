/** What one process holds and waits for, beyond its state: threads, memory that cannot be reclaimed, time spent waiting for a CPU. */
import { readdirSync } from "node:fs";
import { parseKilobytes } from "./read-pressure.ts";
import { absentAsUndefined, findShortText } from "./read-proc-text.ts";

export interface ProcessShare {
  readonly threads: number | undefined;
  /** Memory that is not a file's: the kernel cannot take it back without killing. */
  readonly anonymousBytes: number | undefined;
  /** Time that its threads were ready to run and did not, added up since they began; threads that ended are not in it. */
  readonly cpuWaitSeconds: number | undefined;
}

/** More threads than any etcd has: a bound for the reads of one look. */
const MAX_THREADS = 256;

/** undefined when the process is gone. */
export function findProcessShare(procRoot: string, pid: number): ProcessShare | undefined {
  const status = findShortText(`${procRoot}/${pid}/status`);
  if (status === undefined) {
    return undefined;
  }
  const threads = /^Threads:\s+(\d+)$/m.exec(status)?.[1];
  return {
    threads: threads === undefined ? undefined : Number(threads),
    anonymousBytes: parseKilobytes(status, "RssAnon"),
    cpuWaitSeconds: readCpuWait(`${procRoot}/${pid}/task`),
  };
}

function readCpuWait(folder: string): number | undefined {
  const names = absentAsUndefined(() => readdirSync(folder));
  let nanoseconds: number | undefined;
  for (const name of names?.slice(0, MAX_THREADS) ?? []) {
    // "ran waited slices": nanoseconds, nanoseconds, count.
    const waited = Number(findShortText(`${folder}/${name}/schedstat`)?.split(" ")[1]);
    if (Number.isFinite(waited)) {
      nanoseconds = (nanoseconds ?? 0) + waited;
    }
  }
  return nanoseconds === undefined ? undefined : nanoseconds / 1e9;
}

/** What the whole machine is short of: memory left, tasks that wait, processes killed for memory. A few short reads of /proc. */
import { findKeyedNumber, parsePressureSeconds } from "./parse-cgroup-figures.ts";
import { findShortText, findText } from "./read-proc-text.ts";

export interface HostPressure {
  readonly memoryAvailableBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  /** Processes that the kernel has killed for memory since boot, whoever's. */
  readonly oomKills: number | undefined;
  /** Seconds since boot for which at least one task waited; undefined where the kernel does not count it. */
  readonly cpuSeconds: number | undefined;
  readonly memorySeconds: number | undefined;
  readonly ioSeconds: number | undefined;
}

export function readHostPressure(procRoot: string): HostPressure {
  const meminfo = findShortText(`${procRoot}/meminfo`) ?? "";
  const pressure = (name: string): number | undefined =>
    parsePressureSeconds(findShortText(`${procRoot}/pressure/${name}`) ?? "");
  return {
    memoryAvailableBytes: parseKilobytes(meminfo, "MemAvailable"),
    memoryTotalBytes: parseKilobytes(meminfo, "MemTotal"),
    oomKills: findKeyedNumber(findText(`${procRoot}/vmstat`) ?? "", "oom_kill"),
    cpuSeconds: pressure("cpu"),
    memorySeconds: pressure("memory"),
    ioSeconds: pressure("io"),
  };
}

/** "Name:   12 kB" a line, as in /proc/meminfo and /proc/PID/status → bytes. */
export function parseKilobytes(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]) * 1024;
}

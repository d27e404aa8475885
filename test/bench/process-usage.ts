/** CPU and memory of another process as the kernel accounts them. */
import { readdirSync, readFileSync } from "node:fs";

/** Linux has counted in hundredths of a second on every architecture for decades (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** User and system time of a process since its start, in seconds, good to 10 ms; its waited-for children not included. */
export function readCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function readRssMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib ?? Number.NaN) / 1024;
}

/** Descriptors that a process has open: files, sockets and the kernel's own. */
export function readOpenFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export function readThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

export interface Usage {
  /** Share of one core, in percent. */
  readonly cpuPercent: number;
  readonly rssMedianMiB: number;
  readonly rssMaxMiB: number;
}

/** Watches processes for a time, by name. */
export async function measureUsage(
  pids: ReadonlyMap<string, number>,
  seconds: number,
): Promise<ReadonlyMap<string, Usage>> {
  const before = new Map([...pids].map(([name, pid]) => [name, readCpuSeconds(pid)]));
  const rss = new Map<string, number[]>([...pids].map(([name]) => [name, []]));
  const startedNs = process.hrtime.bigint();
  for (let second = 0; second < seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const [name, pid] of pids) {
      rss.get(name)?.push(readRssMiB(pid));
    }
  }
  const elapsed = Number(process.hrtime.bigint() - startedNs) / 1e9;
  return new Map(
    [...pids].map(([name, pid]) => {
      const values = (rss.get(name) ?? []).sort((a, b) => a - b);
      return [
        name,
        {
          cpuPercent: ((readCpuSeconds(pid) - (before.get(name) ?? 0)) / elapsed) * 100,
          rssMedianMiB: values[Math.floor(values.length / 2)] ?? Number.NaN,
          rssMaxMiB: values.at(-1) ?? Number.NaN,
        },
      ];
    }),
  );
}

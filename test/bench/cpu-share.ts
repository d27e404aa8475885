/** Gives a process a share of one core, so that a small load shows on it what a large one does on a whole core. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PERIOD_US = 100_000;
const ROOT = "/sys/fs/cgroup";

export interface CpuShare {
  hold(pid: number): void;
  /** Once no process is held any more. */
  remove(): void;
}

/** Throws where the machine's cgroups cannot be written. */
export function createCpuShare(name: string, share: number): CpuShare {
  const isV1 = existsSync(join(ROOT, "cpu/cpu.cfs_quota_us"));
  const folder = join(ROOT, isV1 ? "cpu" : "", `${name}-${process.pid}`);
  const quotaUs = Math.round(PERIOD_US * share);
  mkdirSync(folder);
  if (isV1) {
    writeFileSync(join(folder, "cpu.cfs_period_us"), String(PERIOD_US));
    writeFileSync(join(folder, "cpu.cfs_quota_us"), String(quotaUs));
  } else {
    writeFileSync(join(folder, "cpu.max"), `${quotaUs} ${PERIOD_US}`);
  }
  return {
    hold: (pid) => writeFileSync(join(folder, "cgroup.procs"), String(pid)),
    remove: () => rmdirSync(folder),
  };
}

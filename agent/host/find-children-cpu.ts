/** CPU time of this process's children, from /proc: of those that have ended, and of those that still run. */
import { parseCpuTicks, TICKS_PER_SECOND } from "./parse-stat.ts";
import { findShortText } from "./read-proc-text.ts";

const US_PER_TICK = 1e6 / TICKS_PER_SECOND;

/** Microseconds, by hundredths of a second. It only grows: what a child took counts on when it has ended. */
export function findChildrenCpuUs(procRoot = "/proc"): number {
  const own = findShortText(`${procRoot}/self/stat`) ?? "";
  const pid = Number.parseInt(own, 10);
  const running = (findShortText(`${procRoot}/self/task/${pid}/children`) ?? "").split(" ").filter(Boolean);
  const ticks = running.map((child) => {
    const { ownTicks, childrenTicks } = parseCpuTicks(findShortText(`${procRoot}/${child}/stat`) ?? "");
    return ownTicks + childrenTicks;
  });
  return ticks.reduce((sum, one) => sum + one, parseCpuTicks(own).childrenTicks) * US_PER_TICK;
}

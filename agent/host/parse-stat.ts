/** /proc/PID/stat as text → the few of its fields that are used. Its own file so that it is tested on captured text. */

export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  /** One letter as the kernel gives it: R S D T t Z X I. */
  readonly state: string;
  /** User and system time, in seconds. */
  readonly cpuSeconds: number;
  /** Ticks since boot: with the pid, the identity of a process. */
  readonly startTicks: number;
}

/** Linux reports times to user space in hundredths of a second on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

// Positions after the name in parentheses, counted from 0: state is the first.
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const CHILDREN_USER_TIME = 13;
const CHILDREN_SYSTEM_TIME = 14;
const START_TIME = 19;

/** The name may hold spaces and parentheses, so fields are counted from its last closing one. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) {
    return undefined;
  }
  const fields = text.slice(close + 2).split(" ", START_TIME + 1);
  const stat = {
    pid: Number.parseInt(text, 10),
    name: text.slice(open + 1, close),
    state: fields[0] ?? "",
    cpuSeconds: (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND,
    startTicks: Number(fields[START_TIME]),
  };
  return stat.state.length === 1 && Number.isFinite(stat.cpuSeconds) && Number.isFinite(stat.startTicks)
    ? stat
    : undefined;
}

/** Of the process, and of its children that have ended; zeros for text that is no such thing. */
export function parseCpuTicks(text: string): { readonly ownTicks: number; readonly childrenTicks: number } {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ", START_TIME + 1);
  const at = (index: number): number => Number(fields[index] ?? 0) || 0;
  return {
    ownTicks: at(USER_TIME) + at(SYSTEM_TIME),
    childrenTicks: at(CHILDREN_USER_TIME) + at(CHILDREN_SYSTEM_TIME),
  };
}

/** A zombie (Z) and a dead process (X) have ended, though their entry is still there. */
export function isAlive(stat: ProcessStat): boolean {
  return stat.state !== "Z" && stat.state !== "X" && stat.state !== "x";
}

/**
 * Gives memory back that a start needs and a service does not: V8 keeps the pages of its start-up until a full collection,
 * and beside etcd, where hardly anything is allocated, that one may not come for hours. Done twice after the start and rarely from
 * then on: thoroughly once, which costs about a tenth of a second of CPU, then by a plain collection for a third of that.
 */
import type { Clock, Timer } from "../shared/clock.ts";

/** By then the connections are there and the frequent probes have run; */
const FIRST_AFTER_MS = 15_000;
/** then also those of every minute; */
const SECOND_AFTER_MS = 60_000;
const EVERY_MS = 400_000;

export type Collect = (how: "thorough" | "plain") => void;

/** `collect` is undefined where Node was not started with --expose-gc: then nothing is done. */
export function settleMemory(clock: Clock, collect: Collect | undefined): Timer {
  let timer: Timer | undefined;
  function arm([afterMs = EVERY_MS, ...later]: readonly number[], run: () => void): void {
    timer = clock.after(afterMs, () => {
      run();
      arm(later, () => collect?.("plain"));
    });
  }
  if (collect !== undefined) {
    arm([FIRST_AFTER_MS, SECOND_AFTER_MS], () => collect("thorough"));
  }
  return { cancel: () => timer?.cancel() };
}

/**
 * Gives memory back that a start needs and a service does not: V8 keeps the pages of its start-up until a full collection,
 * and beside etcd, where hardly anything is allocated, that one may not come for hours. Done soon after the start, thoroughly, which
 * costs about a tenth of a second of CPU, and rarely from then on, by a plain collection for a third of that.
 */
import type { Clock, Timer } from "../shared/clock.ts";

/** By then the connections are there and every probe has run once. */
const FIRST_AFTER_MS = 15_000;
const EVERY_MS = 600_000;

export type Collect = (how: "thorough" | "plain") => void;

/** `collect` is undefined where Node was not started with --expose-gc: then nothing is done. */
export function settleMemory(clock: Clock, collect: Collect | undefined): Timer {
  let timer: Timer | undefined;
  function arm(afterMs: number, how: "thorough" | "plain", run: Collect): void {
    timer = clock.after(afterMs, () => {
      run(how);
      arm(EVERY_MS, "plain", run);
    });
  }
  if (collect !== undefined) {
    arm(FIRST_AFTER_MS, "thorough", collect);
  }
  return { cancel: () => timer?.cancel() };
}

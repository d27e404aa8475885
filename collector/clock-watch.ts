/**
 * Notices that the machine's wall clock was set. Everything that is held in its time must then move along: a finding that
 * began an hour from now would neither be told nor end before that.
 */
import type { Clock } from "../shared/clock.ts";

export interface ClockWatch {
  /** Asked before the time is used; tells at once when the clock was set since it was last asked. */
  look(): void;
}

/** Clocks that are being adjusted drift by half a millisecond a second; what is beyond this was set. */
const STEP_MS = 1000;

/** `onSet` is told by how much: negative when the clock went back. */
export function createClockWatch(clock: Clock, onSet: (byMs: number) => void): ClockWatch {
  let leadMs = readLead();

  function readLead(): number {
    return clock.nowMs() - clock.monotonicUs() / 1000;
  }

  return {
    look: () => {
      const nowMs = readLead();
      const byMs = Math.round(nowMs - leadMs);
      leadMs = nowMs;
      if (Math.abs(byMs) >= STEP_MS) {
        onSet(byMs);
      }
    },
  };
}

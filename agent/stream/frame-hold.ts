/**
 * Whether a frame without news waits for others, so that one message brings them all. With the next tick another frame comes, and asks
 * again: so it takes no timer, and nothing waits where that tick would come too late.
 */

/** Ticks are not on the dot: a frame waits for one that should come in time, though it may be late by this share. */
const LATE_SHARE = 0.25;

export interface HoldTimes {
  /** How long a frame may wait; 0: not at all. */
  readonly holdMs: number;
  /** Until the next tick. */
  readonly nextInMs: number;
}

export interface FrameHold {
  /** Of a frame that has just come. */
  mayWait(nowMs: number, times: HoldTimes): boolean;
  /** Some wait. */
  isHolding(): boolean;
  /** They go. */
  release(): void;
}

export function createFrameHold(): FrameHold {
  /** Of the one that waits longest. */
  let sinceMs: number | undefined;
  return {
    mayWait: (nowMs, { holdMs, nextInMs }) => {
      sinceMs ??= nowMs;
      const waitedMs = nowMs - sinceMs;
      return nextInMs <= holdMs && waitedMs + nextInMs <= holdMs + nextInMs * LATE_SHARE;
    },
    isHolding: () => sinceMs !== undefined,
    release: () => {
      sinceMs = undefined;
    },
  };
}

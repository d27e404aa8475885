/**
 * Whether a frame without news waits for others, so that one message brings them all. With the next tick another frame comes, and asks
 * again: so it takes no timer.
 */

/** Ticks are not on the dot: a frame that would be late by less goes now, not a tick later. */
const MARGIN_MS = 250;

export interface FrameHold {
  /** Of a frame that has just come. `holdMs`: how long one may wait; 0: not at all. */
  mayWait(nowMs: number, holdMs: number): boolean;
  /** Some wait. */
  isHolding(): boolean;
  /** They go. */
  release(): void;
}

export function createFrameHold(): FrameHold {
  /** Of the one that waits longest. */
  let sinceMs: number | undefined;
  return {
    mayWait: (nowMs, holdMs) => {
      sinceMs ??= nowMs;
      return nowMs - sinceMs < holdMs - MARGIN_MS;
    },
    isHolding: () => sinceMs !== undefined,
    release: () => {
      sinceMs = undefined;
    },
  };
}

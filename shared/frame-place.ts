/**
 * Where a frame stands in time: at its capture by the node's own clock, unless that is clearly wrong, in which case the
 * measured offset puts it right. What is recorded, and sent on, is then found at the time at which it happened. Pure.
 */
import type { Frame } from "./frame.ts";

/** Below this a clock is not wrong enough to be worth it; every honest node stays below. */
const WRONG_FROM_MS = 2000;

/** How much a node's clock is ahead, in whole milliseconds, where a frame is to be moved for it; else 0. */
export function placeShiftMs(capturedAtMs: number, offsetUs: number | undefined): number {
  const shiftMs = Math.round((offsetUs ?? 0) / 1000);
  const placedMs = capturedAtMs - shiftMs;
  return Math.abs(shiftMs) >= WRONG_FROM_MS && placedMs >= 0 && placedMs <= Number.MAX_SAFE_INTEGER
    ? shiftMs
    : 0;
}

export function placeMs({ capturedAtMs, clockOffset }: Pick<Frame, "capturedAtMs" | "clockOffset">): number {
  return capturedAtMs - placeShiftMs(capturedAtMs, clockOffset?.offsetUs);
}

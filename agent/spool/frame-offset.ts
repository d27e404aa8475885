/**
 * The offset that a frame has: measured on the wall clock, which may be set between the measurement and the frame. How far
 * the two clocks of the node were apart at each tells by how much. Pure.
 */
import type { ClockOffset, Frame } from "../../shared/frame.ts";

/** An offset, and how far the node's wall clock was ahead of its monotonic one when it held. */
export interface MeasuredClock {
  readonly offset: ClockOffset;
  readonly leadMs: number;
}

/** Less than this is rounding, and a clock that is being adjusted: the next measurement has it. */
const STEP_MS = 250;

export function offsetOfFrame(
  { capturedAtMs, monotonicUs }: Pick<Frame, "capturedAtMs" | "monotonicUs">,
  measured: MeasuredClock | undefined,
): ClockOffset | undefined {
  if (measured === undefined) {
    return undefined;
  }
  const stepMs = capturedAtMs - monotonicUs / 1000 - measured.leadMs;
  return Math.abs(stepMs) < STEP_MS
    ? measured.offset
    : { ...measured.offset, offsetUs: measured.offset.offsetUs + Math.round(stepMs * 1000) };
}

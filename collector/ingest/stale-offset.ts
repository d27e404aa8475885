/**
 * An agent measures anew only now and then how far its clock is from the collector's. When the collector's was set, what
 * it measured before that is put right until it says something else. One a stream.
 */
import type { Frame } from "../../shared/frame.ts";

export interface StaleOffset {
  /** The frame with an offset that holds. */
  correct(frame: Frame): Frame;
  /** The collector's clock was set by so much. */
  clockSet(byMs: number): void;
}

export function createStaleOffset(): StaleOffset {
  /** As the agent said it. */
  let lastUs: number | undefined;
  /** What is to be put right, and by how much; it is over when the agent says something else. */
  let stale: { readonly offsetUs: number; readonly byMs: number } | undefined;

  return {
    correct: (frame) => {
      const { clockOffset } = frame;
      lastUs = clockOffset?.offsetUs;
      if (clockOffset === undefined || stale === undefined) {
        return frame;
      }
      if (clockOffset.offsetUs !== stale.offsetUs) {
        stale = undefined;
        return frame;
      }
      const offsetUs = clockOffset.offsetUs - stale.byMs * 1000;
      return { ...frame, clockOffset: { ...clockOffset, offsetUs } };
    },
    clockSet: (byMs) => {
      if (lastUs !== undefined) {
        const before = stale?.offsetUs === lastUs ? stale.byMs : 0;
        stale = { offsetUs: lastUs, byMs: before + byMs };
      }
    },
  };
}

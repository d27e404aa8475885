/** What the agent needs of the place where frames wait for their acknowledgement, in memory or on disk. */
import type { ClockOffset, Frame } from "../../shared/frame.ts";

/** The queue as one collector drains it: it acknowledges and loses frames independently of the others. */
export interface FrameReader {
  /** Sequence of the oldest frame held for this collector; 0n when none is. */
  firstSequence(): bigint;
  /** Sequence of the newest frame held for this collector; 0n when none is. */
  lastSequence(): bigint;
  /** The oldest frame held above afterSequence, with this collector's losses and clock. It stays until acknowledged. */
  next(afterSequence: bigint): Frame | undefined;
  /** Every frame up to and including this sequence is durable at this collector. */
  acknowledge(sequence: bigint): void;
  /** The node's clock was measured against this collector's: frames read from now on say so. */
  measureClock(offset: ClockOffset): void;
  /** Frames dropped before this collector acknowledged them. Grows only. */
  droppedTotal(): bigint;
}

export interface FrameQueue {
  /** Takes the next frame; its sequence is one above the last one's. Drops the oldest where there is no room. */
  push(frame: Frame): void;
  /** The reader for collector number `index`. */
  reader(index: number): FrameReader;
  /** Frames held. */
  size(): number;
}

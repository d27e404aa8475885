/** What a stream needs of the queue that frames wait in, so that the queue may be memory, disk or both. */
import type { Frame } from "../../shared/frame.ts";

export interface FrameSource {
  /** Sequence of the oldest frame held; 0n when none is. */
  firstSequence(): bigint;
  /** Sequence of the newest frame held; 0n when none is. */
  lastSequence(): bigint;
  /** The oldest frame held whose sequence is above afterSequence. It stays until it is acknowledged. */
  next(afterSequence: bigint): Frame | undefined;
  /** Every frame up to and including this sequence is durable at the collector: they may go. */
  acknowledge(sequence: bigint): void;
}

/** What the agent needs of the place where frames wait for their acknowledgement: each collector drains it by itself. */
import type { ClockOffset, Frame } from "../../shared/frame.ts";
import type { Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { SequenceRange } from "../../shared/sequence-set.ts";

/** What a stream sends next: a frame, or the bytes of one that were written before (the wire's Frame message). */
export type Outgoing =
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "bytes"; readonly sequence: bigint; readonly bytes: Uint8Array };

/** The frames of one run of the agent as one stream drains them. */
export interface FrameSource {
  /** Sequence of the oldest frame held; 0n when none is. */
  firstSequence(): bigint;
  /** Sequence of the newest frame held; 0n when none is. */
  lastSequence(): bigint;
  /** The collector says what it holds: a stream begins. */
  welcome(held: readonly SequenceRange[]): void;
  /** What is to be sent after the frame with this sequence. It stays until it is acknowledged. */
  next(afterSequence: bigint): Outgoing | undefined;
  /** Every frame that this stream was given up to this sequence is durable at the collector. */
  acknowledge(sequence: bigint): void;
  /** The stream is gone: what it was given and is not acknowledged has to be given again. */
  release(): void;
}

/** Frames that were kept, and now go to one collector by a stream of their own. */
export interface KeptFrames extends FrameSource {
  /** Of the run that they are from. */
  readonly hello: Hello;
  /** Nothing is left to send, and nothing to wait for. */
  isDone(): boolean;
}

/** The queue as one collector drains it. */
export interface FrameReader extends FrameSource {
  /** The node's clock was measured against this collector's: frames read from now on say so. */
  measureClock(offset: ClockOffset): void;
  /** Frames dropped before this collector acknowledged them. Grows only. */
  droppedTotal(): bigint;
  /** Frames on disk that this collector lacks. */
  waiting(): number;
  /**
   * The oldest kept frames that this collector lacks, if any; else a run of which some are gone, and of which the collector has not said yet
   * what it has. `onReady` says that more can be taken, or that it is done.
   */
  findKept(onReady: () => void): KeptFrames | undefined;
}

export interface FrameQueue {
  /** Names this run, and finds what earlier ones left. Frames may be pushed before it resolves. */
  open(): Promise<Hello>;
  /** Takes the next frame; its sequence is one above the last one's. Drops the oldest where there is no room. */
  push(frame: Frame): void;
  /** The reader for collector number `index`. */
  reader(index: number): FrameReader;
  /** Frames held in memory. */
  size(): number;
  /** Bytes held on disk. */
  spoolBytes(): number;
  /** Writes what is not acknowledged to disk; nothing is pushed after it. */
  close(): Promise<void>;
}

/** Frames that wait for an acknowledgement, in memory: bounded by number and bytes, the oldest dropped first and counted. */
import type { ClockOffset, Frame } from "../../shared/frame.ts";
import { estimateFrameBytes } from "./estimate-frame-bytes.ts";
import type { FrameQueue, FrameReader } from "./frame-queue.ts";

export interface MemoryQueueOptions {
  readonly maxFrames: number;
  /** Of memory, as estimateFrameBytes counts it. */
  readonly maxBytes: number;
  /** Collectors that drain it. A frame goes when all of them have acknowledged it. */
  readonly readers: number;
}

interface Held {
  readonly frame: Frame;
  readonly bytes: number;
}

interface ReaderState {
  acknowledged: bigint;
  dropped: bigint;
  clockOffset: ClockOffset | undefined;
}

export function createMemoryQueue(options: MemoryQueueOptions): FrameQueue {
  const { maxFrames, maxBytes } = options;
  const readers: readonly ReaderState[] = Array.from({ length: options.readers }, () => ({
    acknowledged: 0n,
    dropped: 0n,
    clockOffset: undefined,
  }));
  /** Sequences are contiguous, so the place of a frame is its distance from the first. Before `head` all are gone. */
  let held: (Held | undefined)[] = [];
  let head = 0;
  let bytes = 0;

  function first(): bigint {
    return held[head]?.frame.sequence ?? 0n;
  }

  function size(): number {
    return held.length - head;
  }

  function removeFirst(): void {
    bytes -= held[head]?.bytes ?? 0;
    held[head] = undefined;
    head += 1;
    // Moved rarely enough to cost nothing, often enough to hold at most as much again.
    if (head >= 64 && head * 2 >= held.length) {
      held = held.slice(head);
      head = 0;
    }
  }

  function dropFirst(): void {
    const sequence = first();
    for (const reader of readers) {
      if (reader.acknowledged < sequence) {
        reader.dropped += 1n;
      }
    }
    removeFirst();
  }

  function push(frame: Frame): void {
    const frameBytes = estimateFrameBytes(frame);
    while (size() > 0 && (size() >= maxFrames || bytes + frameBytes > maxBytes)) {
      dropFirst();
    }
    held.push({ frame, bytes: frameBytes });
    bytes += frameBytes;
  }

  function acknowledge(reader: ReaderState, sequence: bigint): void {
    if (sequence > reader.acknowledged) {
      reader.acknowledged = sequence;
    }
    const done = readers.reduce(
      (least, { acknowledged }) => (acknowledged < least ? acknowledged : least),
      reader.acknowledged,
    );
    while (size() > 0 && first() <= done) {
      removeFirst();
    }
  }

  /** The oldest frame above a sequence, if one is held. */
  function find(afterSequence: bigint): Frame | undefined {
    const oldest = first();
    if (oldest === 0n) {
      return undefined;
    }
    const place = afterSequence < oldest ? head : head + Number(afterSequence - oldest) + 1;
    return held[place]?.frame;
  }

  function reader(index: number): FrameReader {
    const state = readers[index];
    if (state === undefined) {
      throw new RangeError(`Reader should be below ${readers.length}, got ${index}`);
    }
    return {
      firstSequence: () => find(state.acknowledged)?.sequence ?? 0n,
      lastSequence: () => {
        const newest = held[held.length - 1]?.frame.sequence;
        return newest !== undefined && newest > state.acknowledged ? newest : 0n;
      },
      next: (afterSequence) => {
        const frame = find(afterSequence > state.acknowledged ? afterSequence : state.acknowledged);
        return frame && { ...frame, droppedTotal: state.dropped, clockOffset: state.clockOffset };
      },
      acknowledge: (sequence) => acknowledge(state, sequence),
      measureClock: (offset) => {
        state.clockOffset = offset;
      },
      droppedTotal: () => state.dropped,
    };
  }

  return { push, reader, size };
}

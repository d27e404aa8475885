/** The newest frames of this run, in memory: contiguous, bounded by number and bytes. */
import type { Frame } from "../../shared/frame.ts";
import { estimateFrameBytes } from "./estimate-frame-bytes.ts";

export interface MemoryFrames {
  push(frame: Frame): void;
  /** The oldest; undefined when there is none. */
  first(): Frame | undefined;
  last(): Frame | undefined;
  /** The oldest above a sequence. */
  after(sequence: bigint): Frame | undefined;
  removeFirst(): void;
  /** The oldest `count`, which stay. */
  slice(count: number): readonly Frame[];
  size(): number;
  /** Of memory, as estimateFrameBytes counts it. */
  bytes(): number;
}

interface Held {
  readonly frame: Frame;
  readonly bytes: number;
}

export function createMemoryFrames(): MemoryFrames {
  /** Sequences are contiguous, so the place of a frame is its distance from the first. Before `head` all are gone. */
  let held: (Held | undefined)[] = [];
  let head = 0;
  let bytes = 0;

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

  function after(sequence: bigint): Frame | undefined {
    const oldest = held[head]?.frame.sequence;
    if (oldest === undefined) {
      return undefined;
    }
    return held[sequence < oldest ? head : head + Number(sequence - oldest) + 1]?.frame;
  }

  return {
    push: (frame) => {
      const frameBytes = estimateFrameBytes(frame);
      held.push({ frame, bytes: frameBytes });
      bytes += frameBytes;
    },
    first: () => held[head]?.frame,
    last: () => held.at(-1)?.frame,
    after,
    removeFirst: () => (head < held.length ? removeFirst() : undefined),
    slice: (count) => held.slice(head, head + count).flatMap((one) => (one === undefined ? [] : [one.frame])),
    size: () => held.length - head,
    bytes: () => bytes,
  };
}

/** The queue as one collector drains it: what is new from memory, in order; what was kept is found for a stream of its own. */
import type { Clock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import { countLacking, countUnsent, type Cursor } from "./cursor.ts";
import type { DiskSpool } from "./disk-spool.ts";
import type { FrameReader, Outgoing } from "./frame-queue.ts";
import { offsetOfFrame } from "./frame-offset.ts";
import { createKeptFrames } from "./kept-frames.ts";
import { hearLoss, tellLoss } from "./loss.ts";
import type { MemoryFrames } from "./memory-frames.ts";
import type { Segment } from "./segments.ts";

export interface FrameReaderOptions {
  readonly cursor: Cursor;
  readonly memory: MemoryFrames;
  readonly disk: DiskSpool;
  readonly clock: Clock;
  readonly log: Logger;
  /** The collector has more than before: what all have may go. */
  readonly onAcknowledged: () => void;
}

export function createFrameReader(options: FrameReaderOptions): FrameReader {
  const { cursor, memory, disk, clock, onAcknowledged } = options;

  function has(sequence: bigint): boolean {
    return cursor.acknowledged(disk.runId()).has(sequence);
  }

  function ownSegments(): readonly Segment[] {
    return disk.segments().filter((segment) => segment.hello.instanceId === disk.runId());
  }

  function waiting(): number {
    const unsent = (segment: Segment): number => Math.max(0, countUnsent(cursor, segment, disk.runId()));
    return disk.segments().reduce((sum, segment) => sum + unsent(segment), 0);
  }

  function nextLacking(afterSequence: bigint): Frame | undefined {
    let frame = memory.after(afterSequence);
    while (frame !== undefined && has(frame.sequence)) {
      frame = memory.after(frame.sequence);
    }
    return frame;
  }

  function next(afterSequence: bigint): Outgoing | undefined {
    const frame = nextLacking(afterSequence);
    if (frame === undefined) {
      return undefined;
    }
    cursor.inFlight.add(frame.sequence);
    cursor.loss = tellLoss(cursor.loss, frame.sequence, clock.monotonicUs());
    const { dropped, measuredClock, loss } = cursor;
    const clockOffset = offsetOfFrame(frame, measuredClock);
    return {
      kind: "frame",
      frame: { ...frame, droppedTotal: dropped, clockOffset, loss: loss.loss, waiting: waiting() },
    };
  }

  function acknowledge(sequence: bigint): void {
    for (const { first, last } of cursor.inFlight.ranges()) {
      if (first <= sequence) {
        cursor.acknowledged(disk.runId()).add(first, last < sequence ? last : sequence);
      }
    }
    cursor.inFlight.removeUpTo(sequence);
    cursor.loss = hearLoss(cursor.loss, sequence, clock.monotonicUs());
    onAcknowledged();
  }

  function release(): void {
    cursor.inFlight.removeUpTo(cursor.inFlight.ranges().at(-1)?.last ?? 0n);
    cursor.loss = { ...cursor.loss, toldWith: undefined };
  }

  return {
    firstSequence: () => {
      const lacking = ownSegments().find((segment) => countLacking(cursor, segment) > 0);
      return lacking?.first ?? nextLacking(0n)?.sequence ?? 0n;
    },
    lastSequence: () => {
      const newest = memory.last()?.sequence ?? ownSegments().at(-1)?.last ?? 0n;
      return has(newest) ? 0n : newest;
    },
    welcome: (held) => {
      release();
      for (const { first, last } of held) {
        cursor.acknowledged(disk.runId()).add(first, last);
      }
      onAcknowledged();
    },
    next,
    acknowledge,
    release,
    measureClock: (offset) => {
      cursor.measuredClock = { offset, leadMs: clock.nowMs() - clock.monotonicUs() / 1000 };
    },
    droppedTotal: () => cursor.dropped,
    waiting,
    findKept: (onReady) => {
      const segment = disk.segments().find((one) => countUnsent(cursor, one, disk.runId()) > 0);
      // of what is gone only the collector knows whether it has it
      const hello = (segment ?? cursor.unsettled[0]?.segment)?.hello;
      return hello && createKeptFrames({ ...options, hello, onReady });
    },
  };
}

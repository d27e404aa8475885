/** How far one collector is: what it has of every run, what is on its way, what it lost. Every collector has its own. */
import type { FrameLoss } from "../../shared/frame.ts";
import { createSequenceSet, type SequenceSet } from "../../shared/sequence-set.ts";
import type { MeasuredClock } from "./frame-offset.ts";
import { addLoss, NO_LOSS, type LossState } from "./loss.ts";
import { countFrames, type Segment } from "./segments.ts";

export interface Cursor {
  /** What the collector is known to have of a run. */
  acknowledged(instanceId: string): SequenceSet;
  /** Of this run: sent by the live stream that is open, and not acknowledged. */
  inFlight: SequenceSet;
  loss: LossState;
  dropped: bigint;
  measuredClock: MeasuredClock | undefined;
  /** Forgets runs of which nothing is kept. */
  keepRuns(instanceIds: ReadonlySet<string>): void;
}

export function createCursor(): Cursor {
  const byRun = new Map<string, SequenceSet>();
  return {
    acknowledged: (instanceId) => {
      const known = byRun.get(instanceId) ?? createSequenceSet();
      byRun.set(instanceId, known);
      return known;
    },
    inFlight: createSequenceSet(),
    loss: NO_LOSS,
    dropped: 0n,
    measuredClock: undefined,
    keepRuns: (instanceIds) => {
      for (const instanceId of byRun.keys()) {
        if (!instanceIds.has(instanceId)) {
          byRun.delete(instanceId);
        }
      }
    },
  };
}

/** Frames of a file that the collector does not have. */
export function countLacking(cursor: Cursor, segment: Segment): number {
  const { first, last, hello } = segment;
  return countFrames(segment) - Number(cursor.acknowledged(hello.instanceId).countWithin(first, last));
}

/** The same, without those that are on their way. */
export function countUnsent(cursor: Cursor, segment: Segment, currentId: string): number {
  const { first, last, hello } = segment;
  const onTheWay = hello.instanceId === currentId ? Number(cursor.inFlight.countWithin(first, last)) : 0;
  return countLacking(cursor, segment) - onTheWay;
}

export function noteLoss(cursor: Cursor, loss: FrameLoss, nowUs: number): void {
  if (loss.frames > 0) {
    cursor.dropped += BigInt(loss.frames);
    cursor.loss = addLoss(cursor.loss, loss, nowUs);
  }
}

/** How far one collector is: what it has of every run, what is on its way, what it lost. Every collector has its own. */
import type { FrameLoss } from "../../shared/frame.ts";
import { createSequenceSet, type SequenceRange, type SequenceSet } from "../../shared/sequence-set.ts";
import type { MeasuredClock } from "./frame-offset.ts";
import { addLoss, NO_LOSS, type LossState } from "./loss.ts";
import { countFrames, type Segment, type SegmentDrop } from "./segments.ts";

export interface Cursor {
  /** What the collector is known to have of a run. */
  acknowledged(instanceId: string): SequenceSet;
  /** Of this run: sent by the live stream that is open, and not acknowledged. */
  inFlight: SequenceSet;
  loss: LossState;
  dropped: bigint;
  /** Gone, of runs of which the collector has not said yet what it has: whether it lost anything is told when it has. */
  unsettled: readonly SegmentDrop[];
  measuredClock: MeasuredClock | undefined;
  /** The collector has said what it has of a run. */
  isKnown(instanceId: string): boolean;
  setKnown(instanceId: string): void;
  /** Forgets runs of which nothing is kept. */
  keepRuns(instanceIds: ReadonlySet<string>): void;
}

export function createCursor(): Cursor {
  const byRun = new Map<string, SequenceSet>();
  const known = new Set<string>();
  return {
    acknowledged: (instanceId) => {
      const known = byRun.get(instanceId) ?? createSequenceSet();
      byRun.set(instanceId, known);
      return known;
    },
    inFlight: createSequenceSet(),
    loss: NO_LOSS,
    dropped: 0n,
    unsettled: [],
    measuredClock: undefined,
    isKnown: (instanceId) => known.has(instanceId),
    setKnown: (instanceId) => known.add(instanceId),
    keepRuns: (instanceIds) => {
      for (const instanceId of byRun.keys()) {
        if (!instanceIds.has(instanceId)) {
          byRun.delete(instanceId);
          known.delete(instanceId);
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

/** What a collector said that it has of a run. */
export interface HeldOfRun {
  readonly instanceId: string;
  readonly held: readonly SequenceRange[];
}

/** What went before it said so was lost to it only where it has not got it. */
export function hearHeld(cursor: Cursor, { instanceId, held }: HeldOfRun, nowUs: number): void {
  for (const { first, last } of held) {
    cursor.acknowledged(instanceId).add(first, last);
  }
  cursor.setKnown(instanceId);
  const isOfRun = ({ segment }: SegmentDrop): boolean => segment.hello.instanceId === instanceId;
  for (const drop of cursor.unsettled.filter(isOfRun)) {
    noteDrop(cursor, drop, nowUs);
  }
  cursor.unsettled = cursor.unsettled.filter((drop) => !isOfRun(drop));
}

/** A file went. */
export function noteDrop(cursor: Cursor, { segment, reason }: SegmentDrop, nowUs: number): void {
  const { fromMs, toMs } = segment;
  noteLoss(cursor, { frames: countLacking(cursor, segment), fromMs, toMs, reason }, nowUs);
}

export function noteLoss(cursor: Cursor, loss: FrameLoss, nowUs: number): void {
  if (loss.frames > 0) {
    cursor.dropped += BigInt(loss.frames);
    cursor.loss = addLoss(cursor.loss, loss, nowUs);
  }
}

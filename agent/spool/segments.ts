/** What the spool knows of its files, and which of them have to go. Pure. */
import type { LossReason } from "../../shared/frame.ts";
import type { Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";

/** One file: frames of one run of the agent without a gap between them. */
export interface Segment {
  readonly name: string;
  /** Of the run that wrote it. */
  readonly hello: Hello;
  readonly first: bigint;
  readonly last: bigint;
  /** Capture of the first and the last frame. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
  /** Monotonic time of the last write, so that a wall clock that steps makes nothing old. */
  readonly writtenAtMs: number;
}

export interface SpoolLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly maxSegments: number;
}

/** A file is dropped as a whole, so that no drop takes more than a sixteenth. */
const SEGMENTS_AT_LEAST = 16;
const MAX_SEGMENT_BYTES = 1024 * 1024;

/** Bytes after which a file is followed by the next. */
export function segmentBytes(maxBytes: number): number {
  return Math.min(MAX_SEGMENT_BYTES, Math.floor(maxBytes / SEGMENTS_AT_LEAST));
}

/** Time after which a file is followed by the next, so that what is too old goes soon. */
export function segmentSpanMs(maxAgeMs: number): number {
  return maxAgeMs / SEGMENTS_AT_LEAST;
}

export function countFrames({ first, last }: Segment): number {
  return Number(last - first) + 1;
}

export function sumBytes(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Oldest first: runs by age, frames by number. */
export function compareSegments(one: Segment, other: Segment): number {
  if (one.hello.instanceId !== other.hello.instanceId) {
    return one.hello.instanceId < other.hello.instanceId ? -1 : 1;
  }
  return one.first < other.first ? -1 : 1;
}

export interface SegmentDrop {
  readonly segment: Segment;
  readonly reason: LossReason;
}

/** What must go so that `comingBytes` more find room; the oldest first. */
export function planDrops(
  segments: readonly Segment[],
  limits: SpoolLimits,
  coming: { readonly bytes: number; readonly nowMs: number },
): readonly SegmentDrop[] {
  const drops: SegmentDrop[] = [];
  let bytes = sumBytes(segments) + coming.bytes;
  let count = segments.length;
  for (const segment of segments) {
    const isOld = coming.nowMs - segment.writtenAtMs > limits.maxAgeMs;
    if (!isOld && bytes <= limits.maxBytes && count <= limits.maxSegments) {
      continue;
    }
    drops.push({ segment, reason: isOld ? "too_old" : "spool_full" });
    bytes -= segment.bytes;
    count -= 1;
  }
  return drops;
}

/** Never below this share of the file system: a disk that fills up belongs to etcd. */
const FLOOR_SHARE = 0.1;
const FLOOR_AT_LEAST_BYTES = 16 * 1024 * 1024;
const FLOOR_AT_MOST_BYTES = 2 * 1024 * 1024 * 1024;

/** Free space of a file system of this size below which the spool writes nothing. */
export function freeSpaceFloor(sizeBytes: number): number {
  return Math.min(FLOOR_AT_MOST_BYTES, Math.max(FLOOR_AT_LEAST_BYTES, sizeBytes * FLOOR_SHARE));
}

/** When frames leave memory for the disk: only when a collector is away or slow, and then a few seconds at a time. Pure. */

export const SPILL = {
  /** A collector that lacks a frame for so long is away or slow. */
  beginAfterMs: 10_000,
  /** Then all goes that is older than this: one small write every few seconds. */
  olderThanMs: 5000,
  /** Above these, in frames or bytes, all but the newest goes at once. */
  softFrames: 1000,
  softBytes: 4 * 1024 * 1024,
  keepFrames: 20,
  /** Above these the oldest frame is dropped: the disk does not take it. */
  hardFrames: 20_000,
  hardBytes: 12 * 1024 * 1024,
  /** Between two tries of a disk that did not take them. */
  retryMs: 5000,
} as const;

export interface MemoryUse {
  /** Frames, every one of which some collector lacks. */
  readonly frames: number;
  readonly bytes: number;
  /** Age of the frame at a place, 0 for the oldest. */
  readonly ageMs: (place: number) => number;
}

/** How many of the oldest frames are to be written now. */
export function planSpill({ frames, bytes, ageMs }: MemoryUse): number {
  if (frames > SPILL.softFrames || bytes > SPILL.softBytes) {
    return Math.max(0, frames - SPILL.keepFrames);
  }
  if (frames === 0 || ageMs(0) < SPILL.beginAfterMs) {
    return 0;
  }
  let count = 1;
  while (count < frames && ageMs(count) > SPILL.olderThanMs) {
    count += 1;
  }
  return count;
}

export function isOverHardLimit(frames: number, bytes: number): boolean {
  return frames > 1 && (frames > SPILL.hardFrames || bytes > SPILL.hardBytes);
}

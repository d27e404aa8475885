/** Frames → the records that go into one file: as many as it has room for, without a gap between them. */
import type { Frame } from "../../shared/frame.ts";
import type { FrameBytes } from "./frame-bytes.ts";
import { encodeRecord } from "./record.ts";

export interface PackedRecords {
  readonly records: readonly Buffer[];
  /** Frames taken, packed or passed over; at least one where any was given. */
  readonly taken: number;
  /** The first and the last that were packed. */
  readonly first: Frame | undefined;
  readonly last: Frame | undefined;
  /** A frame was passed over: what follows belongs into another file. */
  readonly hasGap: boolean;
}

export function packRecords(frames: readonly Frame[], encoder: FrameBytes, roomBytes: number): PackedRecords {
  const records: Buffer[] = [];
  let bytes = 0;
  let first: Frame | undefined;
  let last: Frame | undefined;
  let taken = 0;
  for (const frame of frames) {
    const isApart = last !== undefined && frame.sequence !== last.sequence + 1n;
    if (taken > 0 && (bytes >= roomBytes || isApart)) {
      break;
    }
    taken += 1;
    const encoded = encoder.encode(frame);
    if (encoded === undefined) {
      return { records, taken, first, last, hasGap: true };
    }
    const record = encodeRecord({
      sequence: frame.sequence,
      capturedAtMs: frame.capturedAtMs,
      hasClockOffset: frame.clockOffset !== undefined,
      defines: encoded.defines,
      frame: encoded.bytes,
    });
    records.push(record);
    bytes += record.length;
    first ??= frame;
    last = frame;
  }
  return { records, taken, first, last, hasGap: false };
}

/** Frames → the records that go into one file: as many as it has room for, without a gap between them. */
import type { Frame } from "../../shared/frame.ts";
import type { FrameBytes } from "./frame-bytes.ts";
import { encodeRecord } from "./record.ts";

export interface PackedRecords {
  readonly records: readonly Buffer[];
  /** Frames packed; at least one where any was given. */
  readonly taken: number;
  /** The first and the last of them. */
  readonly first: Frame | undefined;
  readonly last: Frame | undefined;
}

export function packRecords(frames: readonly Frame[], encoder: FrameBytes, roomBytes: number): PackedRecords {
  const records: Buffer[] = [];
  let bytes = 0;
  let first: Frame | undefined;
  let last: Frame | undefined;
  for (const frame of frames) {
    const isApart = last !== undefined && frame.sequence !== last.sequence + 1n;
    if (records.length > 0 && (bytes >= roomBytes || isApart)) {
      break;
    }
    const encoded = encoder.encode(frame);
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
  return { records, taken: records.length, first, last };
}

/** A row of the landing area, read. Pure. */
import { inflateBlob } from "./frame-blob.ts";

/** A frame with its wire bytes. */
export interface ReadFrame {
  readonly instance: number;
  readonly sequence: number;
  /** Its place in time. */
  readonly capturedMs: number;
  readonly receivedMs: number;
  readonly sampleCount: number;
  readonly bytes: Uint8Array;
}

export interface FrameRow {
  readonly instance: number;
  readonly sequence: number;
  readonly captured_ms: number;
  readonly received_ms: number;
  readonly sample_count: number;
  readonly encoding: number;
  readonly blob: Uint8Array;
}

/** Throws STORAGE_CORRUPT when it cannot be inflated. */
export function fromRow(row: FrameRow): ReadFrame {
  return {
    instance: row.instance,
    sequence: row.sequence,
    capturedMs: row.captured_ms,
    receivedMs: row.received_ms,
    sampleCount: row.sample_count,
    bytes: inflateBlob({ encoding: row.encoding, bytes: row.blob }),
  };
}

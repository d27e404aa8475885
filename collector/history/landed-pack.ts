/**
 * Frames that landed ⇄ one compressed row, until their hour becomes a block: much smaller than each alone, and much less work than
 * a block. Byte by byte what was stored. Samples' values lie apart, series by series and in planes of bytes. Pure.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import { createByteReader, createByteWriter } from "./bytes.ts";
import { readColumn, writeColumn } from "./column-codec.ts";
import type { ReadFrame } from "./landed-row.ts";
import { findSamples, readSeries, type SamplePlaces } from "./scan-samples.ts";
import { deflateLanded, inflateColumns } from "./zstd.ts";

/** A row of the landing area, its blob inflated. */
export interface LandedFrame extends ReadFrame {
  readonly id: number;
}

/** Sums of places in time, which tell rows from others, are of what is left by this: they stay exact whatever a clock says. */
export const PLACE_MODULO_MS = 3_600_000;
const VALUE_BYTES = 8;

const COLUMNS: readonly ((frame: LandedFrame) => number)[] = [
  ({ id }) => id,
  ({ instance }) => instance,
  ({ sequence }) => sequence,
  ({ capturedMs }) => capturedMs,
  ({ receivedMs, capturedMs }) => receivedMs - capturedMs,
  ({ sampleCount }) => sampleCount,
  ({ bytes }) => bytes.length,
];

export function packLanded(frames: readonly LandedFrame[]): Uint8Array<ArrayBuffer> {
  const writer = createByteWriter();
  const parts = frames.map(({ bytes }) => locate(bytes));
  writer.varint(frames.length);
  for (const numberOf of COLUMNS) {
    writeColumn(writer, Float64Array.from(frames, numberOf));
  }
  writeColumn(
    writer,
    Float64Array.from(parts, ({ valuesAt }) => valuesAt),
  );
  writeColumn(
    writer,
    Float64Array.from(parts, ({ series }) => series.length),
  );
  for (const [i, { bytes }] of frames.entries()) {
    const { valuesAt, series } = parts[i] ?? NO_VALUES;
    writer.raw(bytes.subarray(0, valuesAt));
    writer.raw(bytes.subarray(valuesAt + VALUE_BYTES * series.length));
  }
  const planes = createPlanes(parts);
  for (const [i, { bytes }] of frames.entries()) {
    const { valuesAt, series } = parts[i] ?? NO_VALUES;
    planes.visit(series, (place, stride, nth) => {
      for (let plane = 0; plane < VALUE_BYTES; plane += 1) {
        planes.bytes[place + plane * stride] = bytes[valuesAt + VALUE_BYTES * nth + plane] ?? 0;
      }
    });
  }
  writer.raw(planes.bytes);
  return Uint8Array.from(deflateLanded(writer.bytes()));
}

/** The inverse. Throws STORAGE_CORRUPT when the bytes are others. */
export function unpackLanded(packed: Uint8Array): readonly LandedFrame[] {
  try {
    return unpack(inflateColumns(packed));
  } catch (error) {
    throw error instanceof EtcdscopeError && error.code === "STORAGE_CORRUPT" ? error : corrupt(error);
  }
}

function unpack(inflated: Uint8Array): readonly LandedFrame[] {
  const reader = createByteReader(inflated);
  const count = reader.varint();
  const [id, instance, sequence, captured, delay, samples, length] = COLUMNS.map(() =>
    readColumn(reader, count),
  );
  const valuesAt = readColumn(reader, count);
  const valueCount = readColumn(reader, count);
  const blobs = Array.from({ length: count }, (_, i) => {
    const at = valuesAt[i] ?? 0;
    const end = at + VALUE_BYTES * (valueCount[i] ?? 0);
    const bytes = new Uint8Array(length?.[i] ?? 0);
    bytes.set(reader.raw(at));
    bytes.set(reader.raw(bytes.length - end), end);
    return bytes;
  });
  const parts = blobs.map((bytes, i) => (valueCount[i] === 0 ? NO_VALUES : locate(bytes)));
  const planes = createPlanes(parts, reader.rest());
  for (const [i, bytes] of blobs.entries()) {
    const part = parts[i] ?? NO_VALUES;
    if (part.series.length !== valueCount[i] || part.valuesAt !== valuesAt[i]) {
      throw corrupt();
    }
    planes.visit(part.series, (place, stride, nth) => {
      for (let plane = 0; plane < VALUE_BYTES; plane += 1) {
        bytes[part.valuesAt + VALUE_BYTES * nth + plane] = planes.bytes[place + plane * stride] ?? 0;
      }
    });
  }
  return blobs.map((bytes, i) => ({
    id: id?.[i] ?? 0,
    instance: instance?.[i] ?? 0,
    sequence: sequence?.[i] ?? 0,
    capturedMs: captured?.[i] ?? 0,
    receivedMs: (captured?.[i] ?? 0) + (delay?.[i] ?? 0),
    sampleCount: samples?.[i] ?? 0,
    bytes,
  }));
}

/** Where a frame's values begin, and of which series they are: none are taken apart where the two do not fit together. */
interface Located {
  readonly valuesAt: number;
  readonly series: readonly number[];
}

const NO_VALUES: Located = { valuesAt: 0, series: [] };

function locate(bytes: Uint8Array): Located {
  const places = placesOf(bytes);
  const series = places === undefined ? [] : readSeries(bytes, places);
  return places !== undefined && series.length * VALUE_BYTES === places.valuesEnd - places.valuesAt
    ? { valuesAt: series.length === 0 ? 0 : places.valuesAt, series }
    : NO_VALUES;
}

/** undefined: it is no frame; it is kept as it is all the same. */
function placesOf(bytes: Uint8Array): SamplePlaces | undefined {
  try {
    return findSamples(bytes);
  } catch (error) {
    if (error instanceof EtcdscopeError && error.code === "STORAGE_CORRUPT") {
      return undefined;
    }
    throw error;
  }
}

interface Planes {
  readonly bytes: Uint8Array;
  /** The place of the first byte of each of the next frame's values, and how far apart its bytes are. */
  visit(series: readonly number[], at: (place: number, stride: number, nth: number) => void): void;
}

/** Of each series the first bytes of all its values, then the second ones, and so on. */
function createPlanes(parts: readonly Located[], bytes?: Uint8Array): Planes {
  const columns = new Map<number, { count: number; start: number; next: number }>();
  for (const { series } of parts) {
    for (const one of series) {
      const column = columns.get(one) ?? { count: 0, start: 0, next: 0 };
      columns.set(one, column);
      column.count += 1;
    }
  }
  let length = 0;
  for (const column of columns.values()) {
    column.start = length;
    length += VALUE_BYTES * column.count;
  }
  if (bytes !== undefined && bytes.length !== length) {
    throw corrupt();
  }
  return {
    bytes: bytes ?? new Uint8Array(length),
    visit: (series, at) => {
      for (let nth = 0; nth < series.length; nth += 1) {
        const column = columns.get(series[nth] ?? 0);
        if (column !== undefined) {
          at(column.start + column.next, column.count, nth);
          column.next += 1;
        }
      }
    },
  };
}

function corrupt(cause?: unknown): EtcdscopeError {
  return new EtcdscopeError("STORAGE_CORRUPT", "Expected packed frames, got other bytes", { cause });
}

/**
 * Reads only the sample columns of a stored frame: what a trend over thousands of frames needs, without building their
 * objects. Pure; relies on nothing but protobuf's wire format and the two field numbers of Frame.
 */
import { EtcdscopeError } from "../../shared/errors.ts";

const SAMPLE_SERIES_FIELD = 7;
const SAMPLE_VALUES_FIELD = 8;

/** Where reading is: one object for all frames, since a trend has thousands of them. */
const place = { at: 0 };
/** A double's bytes are copied here: a view of each frame's own would cost more than all else. */
const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** Calls for each sample whose series is wanted (all when undefined), in the order in which the frame holds them. */
export function scanSamples(
  blob: Uint8Array,
  wanted: ReadonlySet<number> | undefined,
  visit: (series: number, value: number) => void,
): void {
  const { seriesAt, seriesEnd, valuesAt, valuesEnd } = findSamples(blob);
  place.at = seriesAt;
  for (let valueAt = valuesAt; place.at < seriesEnd && valueAt + 8 <= valuesEnd; valueAt += 8) {
    const id = readVarint(blob);
    if (wanted === undefined || wanted.has(id)) {
      for (let byte = 0; byte < 8; byte += 1) {
        doubleBytes[byte] = blob[valueAt + byte] ?? 0;
      }
      visit(id, double[0] ?? 0);
    }
  }
}

/** Where the bodies of a frame's two sample columns are; 0 to 0 where it has none. */
export interface SamplePlaces {
  readonly seriesAt: number;
  readonly seriesEnd: number;
  readonly valuesAt: number;
  readonly valuesEnd: number;
}

/** Throws STORAGE_CORRUPT. */
export function findSamples(blob: Uint8Array): SamplePlaces {
  let seriesAt = 0;
  let seriesEnd = 0;
  let valuesAt = 0;
  let valuesEnd = 0;
  place.at = 0;
  while (place.at < blob.length && valuesEnd === 0) {
    const tag = readVarint(blob);
    const start = skipField(blob, tag & 7);
    const field = Math.floor(tag / 8);
    if (field === SAMPLE_SERIES_FIELD) {
      seriesAt = start;
      seriesEnd = place.at;
    } else if (field === SAMPLE_VALUES_FIELD) {
      valuesAt = start;
      valuesEnd = place.at;
    }
  }
  if (valuesEnd > blob.length || seriesEnd > blob.length) {
    throw corrupt();
  }
  return { seriesAt, seriesEnd, valuesAt, valuesEnd };
}

/** The series of a frame, in the order of its values. Throws STORAGE_CORRUPT. */
export function readSeries(blob: Uint8Array, { seriesAt, seriesEnd }: SamplePlaces): readonly number[] {
  const series: number[] = [];
  place.at = seriesAt;
  while (place.at < seriesEnd) {
    series.push(readVarint(blob));
  }
  return series;
}

/** Goes on behind a field's body, by wire type (0 varint, 1 64 bits, 2 length-delimited, 5 32 bits); where the body starts. */
function skipField(bytes: Uint8Array, wireType: number): number {
  switch (wireType) {
    case 0: {
      const start = place.at;
      readVarint(bytes);
      return start;
    }
    case 1:
      place.at += 8;
      return place.at - 8;
    case 2: {
      const length = readVarint(bytes);
      place.at += length;
      return place.at - length;
    }
    case 5:
      place.at += 4;
      return place.at - 4;
    default:
      throw new EtcdscopeError("STORAGE_CORRUPT", `Expected a protobuf wire type, got ${wireType}`);
  }
}

/** Values above 2^53 lose their low bits: none of the fields that are used is that large. */
function readVarint(bytes: Uint8Array): number {
  let at = place.at;
  let byte = bytes[at] ?? 255;
  if (byte < 128) {
    place.at = at + 1;
    return byte;
  }
  let value = 0;
  let factor = 1;
  for (const end = Math.min(bytes.length, at + 10); at < end; at += 1) {
    byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) {
      place.at = at + 1;
      return value;
    }
    factor *= 128;
  }
  throw corrupt();
}

function corrupt(): EtcdscopeError {
  return new EtcdscopeError("STORAGE_CORRUPT", "Expected the end of a number, got the end of the frame");
}

/**
 * Reads only the sample columns of a stored frame: what a trend over thousands of frames needs, without building their
 * objects. Pure; relies on nothing but protobuf's wire format and the two field numbers of Frame.
 */
import { EtcdscopeError } from "../../shared/errors.ts";

const SAMPLE_SERIES_FIELD = 7;
const SAMPLE_VALUES_FIELD = 8;

/** Calls for each sample whose series is wanted, in the order in which the frame holds them. */
export function scanSamples(
  blob: Uint8Array,
  wanted: ReadonlySet<number>,
  visit: (series: number, value: number) => void,
): void {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  let series: Span | undefined;
  let values: Span | undefined;
  let at = 0;
  while (at < blob.length) {
    const tag = readVarint(blob, at);
    const field = Math.floor(tag.value / 8);
    const body = skipField(blob, tag.value % 8, tag.end);
    if (field === SAMPLE_SERIES_FIELD) {
      series = body;
    } else if (field === SAMPLE_VALUES_FIELD) {
      values = body;
    }
    at = body.end;
  }
  if (series === undefined || values === undefined) {
    return;
  }
  let valueAt = values.start;
  at = series.start;
  while (at < series.end && valueAt + 8 <= values.end) {
    const id = readVarint(blob, at);
    if (wanted.has(id.value)) {
      visit(id.value, view.getFloat64(valueAt, true));
    }
    at = id.end;
    valueAt += 8;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The span of a field's body after its tag, by wire type: 0 varint, 1 64 bits, 2 length-delimited, 5 32 bits. */
function skipField(bytes: Uint8Array, wireType: number, start: number): Span {
  switch (wireType) {
    case 0:
      return { start, end: readVarint(bytes, start).end };
    case 1:
      return { start, end: start + 8 };
    case 2: {
      const length = readVarint(bytes, start);
      return { start: length.end, end: length.end + length.value };
    }
    case 5:
      return { start, end: start + 4 };
    default:
      throw new EtcdscopeError("STORAGE_CORRUPT", `Expected a protobuf wire type, got ${wireType}`);
  }
}

/** Values above 2^53 lose their low bits: none of the fields that are used is that large. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      return { value, end: at + 1 };
    }
    factor *= 128;
  }
  throw new EtcdscopeError("STORAGE_CORRUPT", "Expected the end of a number, got the end of the frame");
}

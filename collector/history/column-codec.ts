/**
 * One column of numbers as bytes that zstd packs well: whole numbers (or decimals of up to nine places, or multiples of a page)
 * as differences, measured times as their place among numbers of few digits, everything else as XOR with the value before,
 * byte by byte. Exact for every double, NaN and -0 included. Pure.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import { toRoughPlace, toRoughNumber } from "../../shared/rough-number.ts";
import { createByteWriter, type ByteReader, type ByteWriter } from "./bytes.ts";

/** How a column is written. */
const KIND = {
  /** Each value is its base: nothing more is written. */
  same: 0,
  /** Whole numbers after scaling, as differences from their base. */
  difference: 1,
  /** XOR with the base, the eight bytes of all values one plane after the other. */
  xor: 2,
  /** Whole numbers after scaling, as they are: shorter than differences where values scatter. */
  plain: 3,
  /** Rough numbers after scaling, as their places, counted from the one in the middle: a byte each, and often less. */
  place: 4,
} as const;

/**
 * What makes whole numbers of values: powers of ten for what was measured in milli-, micro- and nanoseconds, the inverse of pages,
 * sectors and milliseconds for what the kernel and etcd count in those. A factor's place in this list is stored.
 */
const SCALES = [1, 1e3, 1e6, 1e9, 1 / 4096, 1 / 512, 1 / 1000];
/** The smallest numbers first. */
const SCALE_ORDER = [4, 6, 5, 0, 1, 2, 3];
/** Differences of two such numbers fit into a signed varint. */
const MAX_SCALED = 2 ** 50;

/**
 * Writes the values; their count is the caller's to keep. A value's base is that of `base` at its place, else the
 * value before it (0 for the first).
 */
export function writeColumn(writer: ByteWriter, values: Float64Array, base?: Float64Array): void {
  const bases = base ?? shifted(values);
  if (isSame(values, bases)) {
    writer.varint(KIND.same);
    return;
  }
  const scale = SCALE_ORDER.find((one) => {
    const factor = SCALES[one] ?? 1;
    return fits(values, factor) && (!base || fits(base, factor));
  });
  if (scale === undefined) {
    writer.varint(KIND.xor);
    writer.raw(xorPlanes(values, bases));
    return;
  }
  const factor = SCALES[scale] ?? 1;
  const scaled = values.map((value) => Math.round(value * factor));
  const scaledBases = base?.map((value) => Math.round(value * factor)) ?? shifted(scaled);
  const { kind, bytes } = shortest([
    { kind: KIND.difference, bytes: toBytes(scaled.map((value, i) => value - (scaledBases[i] ?? 0))) },
    { kind: KIND.plain, bytes: toBytes(scaled) },
    ...toPlaces(scaled),
  ]);
  writer.varint(kind);
  writer.varint(scale);
  writer.raw(bytes);
}

interface Candidate {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** By what an entropy coder would make of their bytes, which is most of what zstd makes of numbers. */
function shortest(candidates: readonly Candidate[]): Candidate {
  let best: Candidate = candidates[0] ?? { kind: KIND.plain, bytes: new Uint8Array() };
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const bits = entropyOf(candidate.bytes);
    if (bits < least) {
      best = candidate;
      least = bits;
    }
  }
  return best;
}

function entropyOf(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) {
    counts[byte] = (counts[byte] ?? 0) + 1;
  }
  let bits = 0;
  for (const count of counts) {
    bits += count === 0 ? 0 : count * Math.log2(bytes.length / count);
  }
  return bits;
}

function toBytes(numbers: Float64Array): Uint8Array {
  const writer = createByteWriter();
  for (const number of numbers) {
    writer.signed(number);
  }
  return writer.bytes();
}

/** Nothing when one of them is no rough number. */
function toPlaces(scaled: Float64Array): readonly Candidate[] {
  const places = new Float64Array(scaled.length);
  for (let i = 0; i < scaled.length; i += 1) {
    const place = toRoughPlace(scaled[i] ?? 0);
    if (place === undefined) {
      return [];
    }
    places[i] = place;
  }
  const middle = places.toSorted()[places.length >> 1] ?? 0;
  const writer = createByteWriter();
  writer.varint(middle);
  for (const place of places) {
    writer.signed(place - middle);
  }
  return [{ kind: KIND.place, bytes: writer.bytes() }];
}

/** The inverse; `base` as it was written with. */
export function readColumn(reader: ByteReader, count: number, base?: Float64Array): Float64Array {
  const kind = reader.varint();
  switch (kind) {
    case KIND.same:
      return base?.slice() ?? new Float64Array(count);
    case KIND.xor:
      return fromXorPlanes(reader.raw(8 * count), base ?? count);
    case KIND.difference:
    case KIND.plain: {
      const factor = SCALES[reader.varint()] ?? 1;
      const values = reader.signeds(count);
      let previous = 0;
      for (let i = 0; i < count; i += 1) {
        const from = kind === KIND.plain ? 0 : base ? Math.round((base[i] ?? 0) * factor) : previous;
        previous = from + (values[i] ?? 0);
        values[i] = unscale(previous, factor);
      }
      return values;
    }
    case KIND.place: {
      const factor = SCALES[reader.varint()] ?? 1;
      const middle = reader.varint();
      return reader.signeds(count).map((place) => unscale(toRoughNumber(middle + place), factor));
    }
    default:
      throw new EtcdscopeError("STORAGE_CORRUPT", `Expected a kind of column, got ${kind}`);
  }
}

function shifted(values: Float64Array): Float64Array {
  const bases = new Float64Array(values.length);
  bases.set(values.subarray(0, Math.max(0, values.length - 1)), Math.min(1, values.length));
  return bases;
}

function isSame(values: Float64Array, bases: Float64Array): boolean {
  return values.every((value, i) => Object.is(value, bases[i]) && !Number.isNaN(value));
}

/** A factor below 1 is no exact double, but its inverse is. */
function unscale(scaled: number, factor: number): number {
  return factor < 1 ? scaled * Math.round(1 / factor) : scaled / factor;
}

/** Whether each value times the factor is a whole number that leads back to the same double. */
function fits(values: Float64Array, factor: number): boolean {
  return values.every((value) => {
    const scaled = Math.round(value * factor);
    return Math.abs(scaled) <= MAX_SCALED && unscale(scaled, factor) === value && !Object.is(value, -0);
  });
}

function xorPlanes(values: Float64Array, bases: Float64Array): Uint8Array {
  const count = values.length;
  const planes = new Uint8Array(8 * count);
  const ours = new Uint8Array(values.buffer, values.byteOffset, 8 * count);
  const theirs = new Uint8Array(bases.buffer, bases.byteOffset, 8 * count);
  for (let i = 0; i < count; i += 1) {
    for (let byte = 0; byte < 8; byte += 1) {
      planes[byte * count + i] = (ours[8 * i + byte] ?? 0) ^ (theirs[8 * i + byte] ?? 0);
    }
  }
  return planes;
}

function fromXorPlanes(planes: Uint8Array, base: Float64Array | number): Float64Array {
  const count = typeof base === "number" ? base : base.length;
  const values = new Float64Array(count);
  const ours = new Uint8Array(values.buffer);
  const theirs =
    typeof base === "number" ? undefined : new Uint8Array(base.buffer, base.byteOffset, 8 * count);
  for (let i = 0; i < count; i += 1) {
    for (let byte = 0; byte < 8; byte += 1) {
      const from = 8 * i + byte;
      const before = theirs?.[from] ?? (i > 0 ? (ours[from - 8] ?? 0) : 0);
      ours[from] = (planes[byte * count + i] ?? 0) ^ before;
    }
  }
  return values;
}

/**
 * One column of numbers as bytes that zstd packs well: whole numbers (or decimals of up to nine places) as differences,
 * everything else as XOR with the value before, byte by byte. Exact for every double, NaN and -0 included. Pure.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ByteReader, ByteWriter } from "./bytes.ts";

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
} as const;

/** Powers of ten that make whole numbers of what was measured in milli-, micro- and nanoseconds. */
const SCALES = [1, 1e3, 1e6, 1e9];
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
  const scale = SCALES.findIndex((factor) => fits(values, factor) && (!base || fits(base, factor)));
  if (scale < 0) {
    writer.varint(KIND.xor);
    writer.raw(xorPlanes(values, bases));
    return;
  }
  const factor = SCALES[scale] ?? 1;
  const scaled = values.map((value) => Math.round(value * factor));
  const scaledBases = base?.map((value) => Math.round(value * factor)) ?? shifted(scaled);
  const isPlain = costOf(scaled) < costOf(scaled, scaledBases);
  writer.varint(isPlain ? KIND.plain : KIND.difference);
  writer.varint(scale);
  for (let i = 0; i < scaled.length; i += 1) {
    writer.signed((scaled[i] ?? 0) - (isPlain ? 0 : (scaledBases[i] ?? 0)));
  }
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
        values[i] = previous / factor;
      }
      return values;
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

/** Whether each value times the factor is a whole number that leads back to the same double. */
function fits(values: Float64Array, factor: number): boolean {
  return values.every((value) => {
    const scaled = Math.round(value * factor);
    return Math.abs(scaled) <= MAX_SCALED && scaled / factor === value && !Object.is(value, -0);
  });
}

/** Rough number of bits. */
function costOf(values: Float64Array, bases?: Float64Array): number {
  let bits = 0;
  for (let i = 0; i < values.length; i += 1) {
    bits += Math.log2(1 + Math.abs((values[i] ?? 0) - (bases?.[i] ?? 0)));
  }
  return bits;
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

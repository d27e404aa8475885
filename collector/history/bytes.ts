/** Bytes of the history's own formats, written and read one after the other. Pure. */
import { EtcdscopeError } from "../../shared/errors.ts";

/** A number that is written as a varint must not be larger. */
const MAX_VARINT = Number.MAX_SAFE_INTEGER;

export interface ByteWriter {
  /** A whole number from 0 to 2^53 - 1, small ones in few bytes. */
  varint(value: number): void;
  /** A whole number of either sign, within ±2^52. */
  signed(value: number): void;
  float64(value: number): void;
  raw(bytes: Uint8Array): void;
  /** Its length, then the bytes. */
  block(bytes: Uint8Array): void;
  length(): number;
  /** A copy of what was written, or of its bytes in [from, to). */
  bytes(from?: number, to?: number): Uint8Array<ArrayBuffer>;
  /** Its bytes in [from, to), as long as nothing more is written. */
  view(from: number, to: number): Uint8Array;
}

/** `capacity`: bytes that are set aside at once; more are when they are needed. */
export function createByteWriter(capacity = 256): ByteWriter {
  let buffer = new Uint8Array(capacity);
  let view = new DataView(buffer.buffer);
  let at = 0;

  function reserve(count: number): void {
    if (at + count > buffer.length) {
      const larger = new Uint8Array(Math.max(buffer.length * 2, at + count));
      larger.set(buffer);
      buffer = larger;
      view = new DataView(buffer.buffer);
    }
  }

  function varint(value: number): void {
    if (!(value >= 0 && value <= MAX_VARINT)) {
      throw new EtcdscopeError("INTERNAL", `Expected a number from 0 to 2^53, got ${value}`);
    }
    reserve(8);
    let rest = value;
    while (rest >= 0x8000_0000) {
      buffer[at] = (rest % 128) + 128;
      at += 1;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      buffer[at] = (rest & 127) | 128;
      at += 1;
      rest >>>= 7;
    }
    buffer[at] = rest;
    at += 1;
  }

  function raw(bytes: Uint8Array): void {
    reserve(bytes.length);
    buffer.set(bytes, at);
    at += bytes.length;
  }

  return {
    varint,
    signed: (value) => varint(value < 0 ? -2 * value - 1 : 2 * value),
    float64: (value) => {
      reserve(8);
      view.setFloat64(at, value, true);
      at += 8;
    },
    raw,
    block: (bytes) => {
      varint(bytes.length);
      raw(bytes);
    },
    length: () => at,
    bytes: (from = 0, to = at) => buffer.slice(from, to),
    view: (from, to) => buffer.subarray(from, to),
  };
}

/** Every read past the end is a STORAGE_CORRUPT. */
export interface ByteReader {
  varint(): number;
  signed(): number;
  /** As many signed numbers in a row: what a trend spends its time on. */
  signeds(count: number): Float64Array;
  float64(): number;
  raw(count: number): Uint8Array;
  block(): Uint8Array;
  /** Bytes left. */
  rest(): Uint8Array;
}

export function createByteReader(bytes: Uint8Array): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function varint(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined || factor > MAX_VARINT) {
        throw corrupt();
      }
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) {
        return value;
      }
      factor *= 128;
    }
  }

  function signeds(count: number): Float64Array {
    const values = new Float64Array(count);
    let from = at;
    for (let i = 0; i < count; i += 1) {
      let byte = bytes[from] ?? 255;
      from += 1;
      let value = byte & 127;
      if (byte >= 128) {
        let factor = 128;
        do {
          if (from >= bytes.length || factor > MAX_VARINT) {
            throw corrupt();
          }
          byte = bytes[from] ?? 0;
          from += 1;
          value += (byte & 127) * factor;
          factor *= 128;
        } while (byte >= 128);
      }
      values[i] = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    at = from;
    return values;
  }

  function raw(count: number): Uint8Array {
    if (at + count > bytes.length) {
      throw corrupt();
    }
    at += count;
    return bytes.subarray(at - count, at);
  }

  return {
    varint,
    signed: () => {
      const value = varint();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    signeds,
    float64: () => {
      raw(8);
      return view.getFloat64(at - 8, true);
    },
    raw,
    block: () => raw(varint()),
    rest: () => bytes.subarray(at),
  };
}

function corrupt(): EtcdscopeError {
  return new EtcdscopeError("STORAGE_CORRUPT", "Expected more of a stored block, got its end");
}

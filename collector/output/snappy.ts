/**
 * Snappy's block format, written as literals only: valid for every reader, nothing compressed. Remote write demands the
 * format; at some hundred bytes a second and agent the saving is not worth a native library.
 */

/** A literal's length fits into two bytes. */
const MAX_LITERAL = 65_536;

export function snappyLiteral(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(varint(bytes.length))];
  for (let from = 0; from < bytes.length; from += MAX_LITERAL) {
    const literal = bytes.subarray(from, from + MAX_LITERAL);
    const length = literal.length - 1;
    // Tag 61 in the upper six bits: the length minus one follows in two bytes.
    parts.push(Buffer.from([61 << 2, length & 0xff, length >> 8]), literal);
  }
  return Buffer.concat(parts);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

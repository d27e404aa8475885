import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createByteReader, createByteWriter } from "../../../collector/history/bytes.ts";
import { readColumn, writeColumn } from "../../../collector/history/column-codec.ts";
import { roughen } from "../../../shared/rough-number.ts";

function roundTrip(values: Float64Array, base?: Float64Array): Float64Array {
  const writer = createByteWriter();
  writeColumn(writer, values, base);
  return readColumn(createByteReader(writer.bytes()), values.length, base);
}

function bytesOf(values: readonly number[]): number {
  const writer = createByteWriter();
  writeColumn(writer, Float64Array.from(values));
  return writer.length();
}

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer().map((micros) => micros / 1e6),
  fc.constantFrom(Number.NaN, -0, 0, Infinity, -Infinity, 2 ** 51, -(2 ** 51), Number.MAX_VALUE, 5e-324),
);
/** A column is mostly of one kind. */
const column = fc.oneof(
  fc.array(number, { maxLength: 200 }),
  fc.array(fc.integer({ min: 0, max: 1e6 }), { maxLength: 200 }),
  fc.array(fc.integer({ min: 0, max: 2 ** 45 }).map(roughen), { maxLength: 200 }),
  fc.array(
    fc.integer({ min: -1e6, max: 1e6 }).map((pages) => pages * 4096),
    { maxLength: 200 },
  ),
  fc.array(
    fc.integer({ min: 0, max: 1e6 }).map((micros) => micros / 1e6),
    { maxLength: 200 },
  ),
);

describe("collector/history/column-codec", () => {
  it("gives back every double as it was", () => {
    fc.assert(
      fc.property(column, (values) => {
        const exact = Float64Array.from(values);
        expect(roundTrip(exact)).toEqual(exact);
      }),
      { numRuns: 1000 },
    );
  });

  it("gives back every double as it was when written against another column", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { maxLength: 100 }), (pairs) => {
        const exact = Float64Array.from(pairs, ([value]) => value);
        const base = Float64Array.from(pairs, ([, other]) => other);
        expect(roundTrip(exact, base)).toEqual(exact);
        expect(roundTrip(base, base)).toEqual(base);
      }),
    );
  });

  it("gives back numbers whose difference is as large as it can be", () => {
    for (const exponent of [49, 50, 51, 52, 53]) {
      const exact = Float64Array.of(2 ** exponent, -(2 ** exponent), 2 ** exponent, 0);
      expect(roundTrip(exact)).toEqual(exact);
    }
  });

  it("writes a counter and microseconds in a byte or two a value, and zeros in none", () => {
    expect(bytesOf(Array.from({ length: 1000 }, (_, i) => 5_000_000 + 37 * i))).toBeLessThan(1010);
    expect(bytesOf(Array.from({ length: 1000 }, (_, i) => (1500 + ((i * 37) % 200)) / 1e6))).toBeLessThan(
      2010,
    );
    expect(bytesOf(Array.from({ length: 1000 }, () => 0))).toBe(1);
  });

  it("writes measured times and multiples of a page in about a byte a value, and gives them back", () => {
    const times = Array.from({ length: 1000 }, (_, i) => roughen(900 + ((i * i * 7919) % 1301)) / 1e6);
    const sizes = Array.from({ length: 1000 }, (_, i) => 4096 * (50_000 + ((i * i * 7) % 31)));
    for (const values of [times, sizes]) {
      expect(bytesOf(values)).toBeLessThan(1010);
      expect(roundTrip(Float64Array.from(values))).toEqual(Float64Array.from(values));
    }
  });

  it("refuses bytes that are no column instead of making up numbers", () => {
    expect(() => readColumn(createByteReader(Uint8Array.of(2, 1, 2)), 5)).toThrow("Expected more");
    expect(() => readColumn(createByteReader(Uint8Array.of(9)), 5)).toThrow("Expected a kind of column");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { roughen, toRoughNumber, toRoughPlace } from "../../shared/rough-number.ts";

describe("shared/rough-number", () => {
  it("stays within 3.2 % and keeps small whole numbers as they are", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (value) => {
        expect(Math.abs(roughen(value) - value)).toBeLessThanOrEqual(value < 32 ? 0 : value * 0.032);
        expect(roughen(roughen(value))).toBe(roughen(value));
      }),
    );
    expect([0, 1, 31, 33, 1000, 3582, -5, 12.4].map(roughen)).toEqual([0, 1, 31, 34, 992, 3584, -5, 12]);
  });

  it("gives every rough number one place, without gaps", () => {
    const numbers = Array.from({ length: 700 }, (_, place) => toRoughNumber(place));
    expect(numbers.map(toRoughPlace)).toEqual(numbers.map((_, place) => place));
    expect(numbers.map(roughen)).toEqual(numbers);
    expect([-1, -0, 0.5, 33, 2 ** 51, Number.NaN, Infinity].map(toRoughPlace)).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
  });
});

import { describe, expect, it } from "vitest";
import { createRandom } from "../fuzz/mutate.ts";
import { bySpan, fitSlope, type TimedValue } from "./fit-slope.ts";

const SPAN_MS = 30_000;
const SPANS = 40;
const RUNS = 200;

/** `memory` of the step before stays in each: 0 is white noise. */
function wander(seed: number, memory: number, perHour: number): readonly TimedValue[] {
  const random = createRandom(seed);
  let noise = 0;
  return Array.from({ length: SPANS }, (_, i) => {
    // the sum of twelve is close to normal
    const step = Array.from({ length: 12 }, () => random() / 2 ** 32).reduce((a, b) => a + b, -6);
    noise = memory * noise + step;
    return { atMs: i * SPAN_MS, value: 700 + (perHour * i * SPAN_MS) / 3_600_000 + 5 * noise };
  });
}

/** How many of the runs have the true slope within two standard errors. */
function countCovered(memory: number, perHour: number): number {
  return Array.from({ length: RUNS }, (_, seed) => fitSlope(wander(seed * 7919 + 1, memory, perHour))).filter(
    (slope) => Math.abs(slope.perHour - perHour) < 2 * slope.standardError,
  ).length;
}

describe("test/soak/fit-slope", () => {
  it("finds the slope of a straight line, without error", () => {
    const line = Array.from({ length: 10 }, (_, i) => ({ atMs: 1000 + i * SPAN_MS, value: 700 + i }));
    const slope = fitSlope(line);
    expect(slope.perHour).toBeCloseTo(120, 6);
    expect(slope.standardError).toBeLessThan(1e-6);
    expect(slope.points).toBe(10);
  });

  it("has the true slope within two standard errors nineteen times in twenty, or nearly so where memory wanders", () => {
    for (const perHour of [0, 200]) {
      expect(countCovered(0, perHour) / RUNS).toBeGreaterThan(0.92);
      expect(countCovered(0.6, perHour) / RUNS).toBeGreaterThan(0.85);
    }
  });

  it("tells a leak from wandering", () => {
    const { perHour, standardError } = fitSlope(wander(5, 0.6, 600));
    expect(perHour - 2 * standardError).toBeGreaterThan(100);
    const flat = fitSlope(wander(5, 0.6, 0));
    expect(flat.perHour - 2 * flat.standardError).toBeLessThan(0);
  });

  it("makes one value of each full span, and none of the last", () => {
    const values = [0, 10, 20, 29, 30, 55, 61].map((s) => ({ atMs: 5000 + s * 1000, value: s }));
    expect(bySpan(values, SPAN_MS)).toEqual([
      { atMs: 20_000, value: 14.75 },
      { atMs: 50_000, value: 42.5 },
    ]);
    expect(bySpan(values, SPAN_MS, (within) => Math.min(...within)).map(({ value }) => value)).toEqual([
      0, 30,
    ]);
  });
});

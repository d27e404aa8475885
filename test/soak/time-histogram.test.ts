import { describe, expect, it } from "vitest";
import { createTimeHistogram } from "./time-histogram.ts";

describe("test/soak/time-histogram", () => {
  it("tells quantiles within a twentieth, and nothing before there is anything", () => {
    const times = createTimeHistogram();
    expect(times.quantile(0.5)).toBeNaN();
    for (let ms = 1; ms <= 1000; ms += 1) {
      times.add(ms);
    }
    for (const q of [0.01, 0.5, 0.99, 1]) {
      expect(times.quantile(q)).toBeGreaterThanOrEqual(q * 1000);
      expect(times.quantile(q)).toBeLessThan(q * 1000 * 1.051);
    }
    times.clear();
    expect(times.quantile(0.5)).toBeNaN();
  });

  it("counts what is below its first bucket, and beyond its last one, in these", () => {
    const times = createTimeHistogram();
    times.add(0);
    expect(times.quantile(1)).toBe(0.1);
    times.add(1e9);
    expect(times.quantile(1)).toBeGreaterThan(900_000);
  });
});

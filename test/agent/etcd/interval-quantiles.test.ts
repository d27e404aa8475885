import { describe, expect, it } from "vitest";
import { summarizeInterval } from "../../../agent/etcd/interval-quantiles.ts";

const BOUNDS = [0.001, 0.002, 0.004, Number.POSITIVE_INFINITY];

function histogram(counts: readonly number[], sum: number): Parameters<typeof summarizeInterval>[0] {
  return { bounds: BOUNDS, counts, sum };
}

describe("agent/etcd/interval-quantiles", () => {
  it("tells the buckets of the interval alone", () => {
    const before = histogram([1000, 1000, 1000, 1000], 1);
    const after = histogram([1050, 1098, 1100, 1100], 1.2);
    expect(summarizeInterval(before, after, [0.5, 0.99])).toEqual({
      count: 100,
      mean: expect.closeTo(0.002, 9) as number,
      quantiles: [
        { quantile: 0.5, lower: 0, upper: 0.001 },
        { quantile: 0.99, lower: 0.002, upper: 0.004 },
      ],
    });
  });

  it("leaves the upper bound open above the last bucket", () => {
    const summary = summarizeInterval(histogram([0, 0, 0, 0], 0), histogram([0, 0, 0, 2], 20), [0.5]);
    expect(summary?.quantiles).toEqual([{ quantile: 0.5, lower: 0.004, upper: undefined }]);
  });

  it("says nothing when nothing happened", () => {
    const same = histogram([5, 5, 5, 5], 1);
    expect(summarizeInterval(same, same, [0.5])).toBeUndefined();
  });

  it("counts from the restart when the counts went down", () => {
    const summary = summarizeInterval(histogram([50, 60, 70, 80], 9), histogram([1, 2, 2, 2], 0.003), [0.5]);
    expect(summary).toMatchObject({ count: 2, quantiles: [{ lower: 0, upper: 0.001 }] });
    expect(summary?.mean).toBeCloseTo(0.0015, 9);
  });
});

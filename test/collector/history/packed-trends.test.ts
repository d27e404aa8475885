import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packTrends, POINT_WIDTH, unpackTrends } from "../../../collector/history/packed-trends.ts";

const atMs = fc.integer({ min: 0, max: 4e12 });
const value = fc.double({ noNaN: true, noDefaultInfinity: true });
const point = fc.tuple(atMs, value, value, value, value);
const trend = fc.record({
  node: fc.constantFrom("m1", "m2"),
  labels: fc.dictionary(fc.constantFrom("member", "device"), fc.string(), { noNullPrototype: true }),
  points: fc.array(point, { maxLength: 6 }),
});

describe("collector/history/packed-trends", () => {
  it("gives back what was packed, each series its own points", () => {
    fc.assert(
      fc.property(fc.array(trend, { maxLength: 4 }), (trends) => {
        const packed = packTrends(
          trends.map(({ node, labels, points }) => ({ node, labels, rows: points.flat() })),
        );
        expect(packed.rows).toHaveLength(
          trends.reduce((sum, { points }) => sum + points.length * POINT_WIDTH, 0),
        );
        expect(unpackTrends(packed)).toEqual(
          trends.map(({ node, labels, points }) => ({
            node,
            labels,
            points: points.map(([at, min, max, mean, last]) => ({
              at: new Date(at).toISOString(),
              min,
              max,
              mean,
              last,
            })),
          })),
        );
      }),
    );
  });
});

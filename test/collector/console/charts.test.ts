import { describe, expect, it } from "vitest";
import { forecastQuota } from "../../../collector/console/chart/forecast-quota.ts";
import { toColumns, type Columns } from "../../../collector/console/chart/to-columns.ts";
import { toCsv } from "../../../collector/console/chart/to-csv.ts";
import { drawSparkline } from "../../../collector/console/fleet/draw-sparkline.ts";
import type { SeriesAnswer, SeriesPoint } from "../../../shared/rest.ts";

const FROM_MS = Date.parse("2026-11-22T03:00:00.000Z");
const STEP_MS = 10_000;

function point(step: number, value: number, peak = value): SeriesPoint {
  const at = new Date(FROM_MS + step * STEP_MS).toISOString();
  return { at, min: value, max: peak, mean: value, last: value };
}

function answer(series: SeriesAnswer["series"], steps = 4): SeriesAnswer {
  return {
    metric: "m",
    unit: "seconds",
    from: "2026-11-22T03:00:00.000Z",
    to: new Date(FROM_MS + steps * STEP_MS).toISOString(),
    stepMs: STEP_MS,
    series,
  };
}

describe("collector/console/chart/to-columns", () => {
  it("puts every node on one grid, keeps peaks, and leaves holes where nothing was recorded", () => {
    const { atSeconds, lines } = toColumns(
      answer([
        { node: "m2", labels: {}, points: [point(0, 1), point(2, 1, 9)] },
        { node: "m1", labels: {}, points: [point(3, 2)] },
      ]),
      {},
    );
    expect(atSeconds).toEqual([0, 1, 2, 3].map((step) => (FROM_MS + step * STEP_MS) / 1_000));
    expect(lines).toEqual([
      { node: "m1", values: [null, null, null, 2] },
      { node: "m2", values: [1, null, 9, null] },
    ]);
  });

  it("takes the series with the wanted labels only", () => {
    const { lines } = toColumns(
      answer([
        { node: "m1", labels: { quantile: "0.5", bound: "upper" }, points: [point(0, 1)] },
        { node: "m1", labels: { quantile: "0.99", bound: "upper" }, points: [point(0, 5)] },
      ]),
      { labels: { quantile: "0.99", bound: "upper" } },
    );
    expect(lines).toEqual([{ node: "m1", values: [5, null, null, null] }]);
  });

  it("tells what a counter grows by, across a restart too", () => {
    const points = [point(0, 100), point(1, 150), point(2, 20), point(3, 20)];
    const series = [{ node: "m1", labels: {}, points }];
    expect(toColumns(answer(series), { as: "rate" }).lines[0]?.values).toEqual([null, 5, 2, 0]);
    expect(toColumns(answer(series), { as: "increase" }).lines[0]?.values).toEqual([null, 50, 20, 0]);
  });

  it("joins several series of a node: the largest of gauges, all of what grows", () => {
    const pair = [
      { node: "m1", labels: { to: "m2" }, points: [point(0, 1), point(1, 3)] },
      { node: "m1", labels: { to: "m3" }, points: [point(0, 4), point(1, 5)] },
    ];
    expect(toColumns(answer(pair), {}).lines[0]?.values).toEqual([4, 5, null, null]);
    expect(toColumns(answer(pair), { as: "increase" }).lines[0]?.values).toEqual([null, 3, null, null]);
    expect(toColumns(answer(pair), { as: "increase", join: "max" }).lines[0]?.values).toEqual([
      null,
      2,
      null,
      null,
    ]);
  });
});

describe("collector/console/chart/to-columns, by another label than the node", () => {
  it("draws a line a member, from whatever node saw most of it", () => {
    const series = [
      { node: "m1", labels: { member: "m1" }, points: [point(0, 10)] },
      { node: "m1", labels: { member: "m2" }, points: [point(0, 20)] },
      { node: "m2", labels: { member: "m1" }, points: [point(0, 11)] },
      { node: "m2", labels: { member: "m2" }, points: [] },
    ];
    expect(toColumns(answer(series, 1), { by: "member" }).lines).toEqual([
      { node: "m1", values: [11] },
      { node: "m2", values: [20] },
    ]);
  });
});

describe("collector/console/chart/forecast-quota", () => {
  const GIB = 2 ** 30;

  function columns(values: Readonly<Record<string, readonly (number | null)[]>>): Columns {
    return {
      atSeconds: [0, 10],
      lines: Object.entries(values).map(([node, line]) => ({ node, values: line })),
    };
  }

  it("tells who will be at the quota first, which need not be who uses most of it", () => {
    expect(
      forecastQuota({
        used: columns({ m1: [GIB, 3 * GIB], m2: [2 * GIB, null] }),
        quota: columns({ m1: [4 * GIB, 4 * GIB], m2: [4 * GIB, null] }),
        growth: columns({ m1: [null, 0], m2: [GIB / 3_600, null] }),
      }),
    ).toEqual({ quotaBytes: 4 * GIB, usedBytes: 3 * GIB, who: "m1", inMs: 2 * 3_600_000 });
  });

  it("knows nothing that grows apart from what is not known yet", () => {
    const known = { used: columns({ m1: [GIB, GIB] }), quota: columns({ m1: [2 * GIB, 2 * GIB] }) };
    expect(forecastQuota({ ...known, growth: columns({ m1: [0, -5] }) })?.inMs).toBe(Infinity);
    expect(forecastQuota({ ...known, growth: undefined })?.inMs).toBeUndefined();
    expect(forecastQuota({ ...known, growth: columns({ m1: [null, null] }) })?.inMs).toBeUndefined();
    expect(forecastQuota({ ...known, quota: columns({}), growth: undefined })).toBeUndefined();
    expect(forecastQuota({ ...known, used: undefined, growth: undefined })).toBeUndefined();
  });
});

describe("collector/console/fleet/draw-sparkline", () => {
  it("draws from zero to the largest value, and lifts the pen where nothing was recorded", () => {
    expect(drawSparkline([0, 10, null, 5, 10], { width: 40, height: 20 })).toBe("M0 19L10 1M30 10L40 1");
  });

  it("draws a value that has no neighbour as a dot, and nothing of nothing", () => {
    expect(drawSparkline([null, 4, null], { width: 20, height: 20 })).toBe("M10 1h0.01");
    expect(drawSparkline([null, null], { width: 20, height: 20 })).toBe("");
    expect(drawSparkline([0, 0], { width: 20, height: 20 })).toBe("M0 19L20 19");
  });
});

describe("collector/console/chart/to-csv", () => {
  it("writes a row a step, and nothing that a spreadsheet would run", () => {
    const columns = {
      atSeconds: [FROM_MS / 1_000],
      lines: [
        { node: '=cmd|"x"', values: [-1.5] },
        { node: "m2,b", values: [null] },
      ],
    };
    expect(toCsv("=m", columns)).toBe(
      `time,"'=m =cmd|""x""","'=m m2,b"\r\n2026-11-22T03:00:00.000Z,-1.5,\r\n`,
    );
  });
});

import { describe, expect, it } from "vitest";
import { knownSeriesKey, MAX_BRANCHES } from "../../../collector/view/known-series-key.ts";
import { seriesKey } from "../../../shared/series-key.ts";

describe("collector/view/known-series-key", () => {
  it.each([
    undefined,
    {},
    { to: "m2" },
    { to: "m2", port: "peer" },
    { port: "peer", to: "m2" },
    { to: "port", port: "to" },
    { to: 'a"b\\c\n' },
    { to: "" },
  ])("writes what seriesKey writes, the first time and after: %j", (labels) => {
    for (const metric of ["up", "down"]) {
      expect(knownSeriesKey(metric, labels)).toBe(seriesKey(metric, labels));
      expect(knownSeriesKey(metric, labels)).toBe(seriesKey(metric, labels));
    }
  });

  it("goes on when there are more than it keeps", () => {
    for (let device = 0; device < MAX_BRANCHES; device += 1) {
      knownSeriesKey("io", { device: `sd${device}` });
    }
    expect(knownSeriesKey("io", { device: "sd1" })).toBe('io{device="sd1"}');
    expect(knownSeriesKey("up", { to: "m2" })).toBe('up{to="m2"}');
  });
});

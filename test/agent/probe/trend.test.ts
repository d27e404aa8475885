import { describe, expect, it } from "vitest";
import { Trend } from "../../../agent/probe/trend.ts";

const MINUTE_MS = 60_000;
const BEGIN_MS = 1_760_000_000_000;

/** A value a minute. */
function follow(minutes: number, valueAt: (minute: number) => number): Trend {
  const trend = new Trend("lowest");
  for (let minute = 0; minute < minutes; minute += 1) {
    trend.add(valueAt(minute), BEGIN_MS + minute * MINUTE_MS);
  }
  return trend;
}

describe("agent/probe/trend", () => {
  it("says nothing before two hours", () => {
    expect(follow(110, (minute) => minute).growth).toBeUndefined();
    expect(follow(150, (minute) => minute).growth?.overSeconds).toBeGreaterThanOrEqual(6600);
  });

  it("finds the rate under a saw-tooth of compactions", () => {
    const growth = follow(360, (minute) => minute * 6000 + (minute % 5) * 1_000_000).growth;
    expect(growth?.perSecond).toBeCloseTo(100, 0);
  });

  it("is not moved by a single jump, up or down", () => {
    expect(follow(360, (minute) => (minute > 300 ? 5_000_000 : 1_000_000)).growth?.perSecond).toBe(0);
    expect(follow(360, (minute) => minute * 6000 - (minute === 200 ? 1e9 : 0)).growth?.perSecond).toBeCloseTo(
      100,
      0,
    );
  });

  it("calls what goes up and down neither", () => {
    expect(follow(400, (minute) => Math.abs(200 - minute) * 10_000).growth?.perSecond).toBe(0);
  });

  it("keeps a day, and begins anew when the clock goes back", () => {
    const trend = follow(3000, (minute) => minute);
    expect(trend.growth?.overSeconds).toBeLessThanOrEqual(86_400);
    trend.add(1, BEGIN_MS);
    for (let minute = 0; minute < 60; minute += 1) {
      trend.add(minute, BEGIN_MS + minute * MINUTE_MS);
    }
    expect(trend.growth).toBeUndefined();
  });
});

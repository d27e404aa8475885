import { describe, expect, it } from "vitest";
import { DISTURBANCES, KILL_COLLECTOR, planSoak } from "./plan-soak.ts";

describe("test/soak/plan-soak", () => {
  it("makes the same plan of the same seed, and another of another", () => {
    expect(planSoak({ minutes: 30, seed: 7 })).toEqual(planSoak({ minutes: 30, seed: 7 }));
    expect(planSoak({ minutes: 30, seed: 8 })).not.toEqual(planSoak({ minutes: 30, seed: 7 }));
  });

  it("does everything in each part, but kills the collector in the first one only", () => {
    const { restarts, steady } = planSoak({ minutes: 30, seed: 1 });
    const kindsOf = (part: typeof restarts): Set<string> =>
      new Set(part.disturbances.map(({ kind }) => kind));
    expect(kindsOf(restarts)).toEqual(new Set(DISTURBANCES));
    expect(kindsOf(steady)).toEqual(new Set(DISTURBANCES.filter((kind) => kind !== KILL_COLLECTOR)));
  });

  it("keeps within the time that was asked for, with three fifths of it for the slope", () => {
    for (const minutes of [0.4, 3, 30, 600]) {
      const { restarts, steady } = planSoak({ minutes, seed: 3 });
      expect(restarts.lengthMs + steady.lengthMs).toBeCloseTo(minutes * 60_000, 3);
      expect(steady.lengthMs - steady.warmUpMs).toBeCloseTo(0.6 * minutes * 60_000, 3);
      for (const part of [restarts, steady]) {
        expect(part.disturbances.length).toBeGreaterThan(4);
        for (const { afterMs, lengthMs } of part.disturbances) {
          expect(afterMs + lengthMs).toBeLessThanOrEqual(part.lengthMs + 1);
        }
      }
    }
  });
});

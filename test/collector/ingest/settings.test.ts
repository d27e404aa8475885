import { describe, expect, it } from "vitest";
import { HOLD_FRAMES_MS, planFsyncPhases, planHoldMs } from "../../../collector/ingest/settings.ts";

describe("collector/ingest/settings", () => {
  it("divides the interval evenly, the same whatever the order", () => {
    expect([...planFsyncPhases(["m3", "m1", "m2", "m1"])]).toEqual([
      ["m1", 0],
      ["m2", 1666],
      ["m3", 3333],
    ]);
  });

  it("has frames held in a large fleet, and goes on either way while its size wavers", () => {
    expect([3, 799, 999, 1000, 5000].map((agents) => planHoldMs(agents, 0))).toEqual([
      0,
      0,
      0,
      HOLD_FRAMES_MS,
      HOLD_FRAMES_MS,
    ]);
    expect([999, 800, 799].map((agents) => planHoldMs(agents, HOLD_FRAMES_MS))).toEqual([
      HOLD_FRAMES_MS,
      HOLD_FRAMES_MS,
      0,
    ]);
  });

  it("has nothing to plan for no nodes", () => {
    expect(planFsyncPhases([]).size).toBe(0);
  });
});

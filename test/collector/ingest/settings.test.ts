import { describe, expect, it } from "vitest";
import { planFsyncPhases } from "../../../collector/ingest/settings.ts";

describe("collector/ingest/settings", () => {
  it("divides the interval evenly, the same whatever the order", () => {
    expect([...planFsyncPhases(["m3", "m1", "m2", "m1"])]).toEqual([
      ["m1", 0],
      ["m2", 1666],
      ["m3", 3333],
    ]);
  });

  it("has nothing to plan for no nodes", () => {
    expect(planFsyncPhases([]).size).toBe(0);
  });
});

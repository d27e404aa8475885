import { describe, expect, it } from "vitest";
import { summarizeCost, type CostRun } from "../../agent/summarize-cost.ts";

function run(given: Partial<CostRun>): CostRun {
  return { target: "", cpuUs: 1000, readBytes: 100, writtenBytes: 50, problem: "", restMs: 0, ...given };
}

describe("agent/summarize-cost", () => {
  it("counts a run at its interval, for each target", () => {
    const runs = [run({ target: "m2", cpuUs: 3000 }), run({ target: "m3" }), run({ target: "m3" })];
    const cost = summarizeCost({ probe: "status", intervalMs: 1000, runs });
    expect(cost).toMatchObject({ targets: 2, everyMs: 1000, readBytes: 100, writtenBytes: 50, problems: [] });
    // 3 ms and 1 ms a second
    expect(cost.share).toBeCloseTo(0.004);
    expect(cost.cpuMs).toBeCloseTo(5 / 3);
  });

  it("counts a target that rests at the tick after its rest", () => {
    const cost = summarizeCost({ probe: "status", intervalMs: 1000, runs: [run({ restMs: 1500 })] });
    expect(cost.everyMs).toBe(2000);
    expect(cost.share).toBeCloseTo(0.0005);
  });

  it("names why runs saw nothing, each reason once", () => {
    const runs = [run({ problem: "refused" }), run({ problem: "refused" }), run({ problem: "" })];
    expect(summarizeCost({ probe: "read", intervalMs: 1000, runs }).problems).toEqual(["refused"]);
  });

  it("is not measured for a probe without a target", () => {
    expect(summarizeCost({ probe: "link", intervalMs: 1000, runs: [] })).toMatchObject({
      targets: 0,
      everyMs: 1000,
      share: 0,
      problems: ["no_target"],
    });
  });
});

import { describe, expect, it } from "vitest";
import { summarizeCost } from "../../../agent/summarize-cost.ts";
import { renderCost } from "../../../cli/view/render-cost.ts";
import { createPlainTerminal } from "../plain-terminal.ts";

const RUN = { target: "", cpuUs: 1000, readBytes: 300, writtenBytes: 20, problem: "", restMs: 0 };

describe("cli/view/render-cost", () => {
  it("puts the dearest first and the sum last, within 80 columns", () => {
    const costs = [
      summarizeCost({ probe: "flags", intervalMs: 60_000, runs: [{ ...RUN, problem: "no_etcd" }] }),
      summarizeCost({ probe: "status", intervalMs: 1000, runs: [RUN, { ...RUN, target: "m2" }] }),
      summarizeCost({ probe: "backups", intervalMs: 60_000, runs: [] }),
    ];
    const lines = renderCost(costs, createPlainTerminal()).split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "PROBE    EVERY  TARGETS  CPU MS  CORE %  READ B  WRITTEN B  SAW NOTHING",
      "status   1s     2        1.00    0.200   300     20",
      "flags    1m     1        1.00    0.002   300     20         no_etcd",
      "backups  1m     0        -       -       -       -          no_target",
      "all                              0.202",
    ]);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});

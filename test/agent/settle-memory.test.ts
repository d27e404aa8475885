import { describe, expect, it } from "vitest";
import { settleMemory } from "../../agent/settle-memory.ts";
import { createManualClock } from "./manual-clock.ts";

describe("agent/settle-memory", () => {
  it("collects twice after the start, then rarely, and no more once it is cancelled", async () => {
    const clock = createManualClock();
    const collectedAtMs: number[] = [];
    const ways: string[] = [];
    const timer = settleMemory(clock, (how) => {
      ways.push(how);
      collectedAtMs.push(clock.nowMs() - startedMs);
    });
    const startedMs = clock.nowMs();
    await clock.advance(14_000);
    expect(collectedAtMs).toEqual([]);
    await clock.advance(1_300_000);
    expect(collectedAtMs).toEqual([15_000, 75_000, 475_000, 875_000, 1_275_000]);
    expect(ways).toEqual(["thorough", "plain", "plain", "plain", "plain"]);
    timer.cancel();
    await clock.advance(3_600_000);
    expect(collectedAtMs).toHaveLength(5);
  });

  it("does nothing where the collector cannot be called", async () => {
    const clock = createManualClock();
    settleMemory(clock, undefined);
    await clock.advance(3_600_000);
  });
});

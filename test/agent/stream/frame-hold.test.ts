import { describe, expect, it } from "vitest";
import { createFrameHold } from "../../../agent/stream/frame-hold.ts";

/** What becomes of a frame a tick, each a little off it. */
function hold(holdMs: number, ticks: readonly number[], nextInMs = 1000): readonly string[] {
  const frames = createFrameHold();
  return ticks.map((tickMs) => {
    if (frames.mayWait(tickMs, { holdMs, nextInMs })) {
      return "waits";
    }
    frames.release();
    return "goes";
  });
}

describe("agent/stream/frame-hold", () => {
  it("holds two frames of the default cadence for the third, though ticks are not on the dot", () => {
    expect(hold(2000, [0, 1003, 1990, 3010, 4000, 5030])).toEqual([
      "waits",
      "waits",
      "goes",
      "waits",
      "waits",
      "goes",
    ]);
  });

  it("holds none where none is to be held", () => {
    expect(hold(0, [0, 1000, 2000])).toEqual(["goes", "goes", "goes"]);
  });

  it.each([
    [250, [0, 250, 500, 1750, 2000, 2250], ["waits", "waits", "waits", "waits", "goes", "waits"]],
    [1500, [0, 1500, 3000, 4500], ["waits", "goes", "waits", "goes"]],
    [2000, [0, 2010, 4000, 6000], ["waits", "goes", "waits", "goes"]],
    [2100, [0, 2100], ["goes", "goes"]],
    [5000, [0, 5000, 10_000], ["goes", "goes", "goes"]],
    [60_000, [0, 60_000], ["goes", "goes"]],
  ])("holds none for longer than asked for, with a tick of %i ms", (tickMs, ticks, want) => {
    expect(hold(2000, ticks, tickMs)).toEqual(want);
  });

  it("tells whether some wait", () => {
    const frames = createFrameHold();
    expect(frames.isHolding()).toBe(false);
    frames.mayWait(0, { holdMs: 2000, nextInMs: 1000 });
    expect(frames.isHolding()).toBe(true);
    frames.release();
    expect(frames.isHolding()).toBe(false);
  });
});

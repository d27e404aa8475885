import { describe, expect, it } from "vitest";
import { createFrameHold } from "../../../agent/stream/frame-hold.ts";

/** What becomes of a frame a second, each a little off its tick. */
function hold(holdMs: number, ticks: readonly number[]): readonly string[] {
  const frames = createFrameHold();
  return ticks.map((tickMs) => {
    if (frames.mayWait(tickMs, holdMs)) {
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

  it("tells whether some wait", () => {
    const frames = createFrameHold();
    expect(frames.isHolding()).toBe(false);
    frames.mayWait(0, 2000);
    expect(frames.isHolding()).toBe(true);
    frames.release();
    expect(frames.isHolding()).toBe(false);
  });
});

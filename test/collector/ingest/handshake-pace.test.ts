import { describe, expect, it } from "vitest";
import { PACE, planAtOnce } from "../../../collector/ingest/handshake-pace.ts";

/** How many at once after each look. */
function paceOver(lateMs: readonly number[], first: number = PACE.atFirst): readonly number[] {
  let atOnce = first;
  return lateMs.map((late) => (atOnce = planAtOnce(atOnce, late)));
}

describe("collector/ingest/handshake-pace", () => {
  it.each([
    ["more while the loop is on time", [0, 5, 90], PACE.atFirst, [9, 10, 11]],
    ["never more than so many", [0, 0, 0], 31, [32, 32, 32]],
    ["half as many with each look that comes late", [150, 800, 0], 32, [16, 8, 9]],
    ["always one", [500, 500, 500], 3, [1, 1, 1]],
  ])("lets begin %s", (_, lateMs, first, want) => {
    expect(paceOver(lateMs, first)).toEqual(want);
  });
});

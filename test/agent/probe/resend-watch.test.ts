import { describe, expect, it } from "vitest";
import { ResendWatch } from "../../../agent/probe/resend-watch.ts";

/** What it says of a count that is taken once a second. */
function watch(counts: readonly (number | undefined)[]): string {
  const watch = new ResendWatch();
  return counts
    .map((resent, second) => (watch.isWorthALook(resent, second * 1_000_000) ? "!" : "."))
    .join("");
}

describe("agent/probe/resend-watch", () => {
  it("is silent at the first count, however high", () => {
    expect(watch([5000, 5000, 5001, 5001, 5002])).toBe(".....");
  });

  it("wants a look at once when several are sent again", () => {
    expect(watch([10, 10, 12, 14, 14, 14])).toBe("...!..");
  });

  it("wants a look every three seconds and no oftener while it goes on", () => {
    expect(watch([0, 9, 18, 27, 36, 45, 54, 63])).toBe(".!..!..!");
  });

  it("leaves a trickle to the probe's own turn", () => {
    expect(watch(Array.from({ length: 60 }, (_, second) => Math.floor(second / 4)))).toBe(".".repeat(60));
  });

  it("begins anew with another process's count, and where nothing is told", () => {
    expect(watch([5000, 3, 4, undefined, 900, 901])).toBe("......");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listTicks, TICK_MARGIN } from "../../../collector/console/time/ticks.ts";

const MINUTE_MS = 60_000;

describe("collector/console/time/ticks", () => {
  it("writes a few round times, none so near to an end that it would stand out", () => {
    const spans = fc.tuple(fc.integer({ min: 1.7e12, max: 1.9e12 }), fc.integer({ min: 60_000, max: 2.6e9 }));
    fc.assert(
      fc.property(spans, ([fromMs, lengthMs]) => {
        const ticks = listTicks({ fromMs, toMs: fromMs + lengthMs });
        expect(ticks.length).toBeLessThanOrEqual(7);
        for (const atMs of ticks) {
          const share = (atMs - fromMs) / lengthMs;
          expect(share).toBeGreaterThanOrEqual(TICK_MARGIN - 1e-9);
          expect(share).toBeLessThanOrEqual(1 - TICK_MARGIN + 1e-9);
          expect(new Date(atMs).getSeconds() % 30).toBe(0);
        }
      }),
    );
  });

  it("steps by ten minutes through an hour", () => {
    const fromMs = new Date(2026, 10, 26, 22, 50, 30).getTime();
    const ticks = listTicks({ fromMs, toMs: fromMs + 60 * MINUTE_MS });
    expect(ticks.map((atMs) => new Date(atMs).getMinutes())).toEqual([0, 10, 20, 30, 40]);
  });
});

import { describe, expect, it } from "vitest";
import { fullBucket, takeToken } from "../../../collector/ingest/token-bucket.ts";

const limits = { perSecond: 200, burst: 2000 };

describe("collector/ingest/token-bucket", () => {
  it("lets a burst through, then slows down to the rate", () => {
    let bucket = fullBucket(limits, 0);
    let nowMs = 0;
    let taken = 0;
    while (nowMs < 20_000) {
      const step = takeToken(bucket, limits, nowMs);
      ({ bucket } = step);
      taken += 1;
      nowMs += step.pauseMs;
    }
    expect(taken).toBeGreaterThanOrEqual(2000 + 200 * 20 - 100);
    expect(taken).toBeLessThanOrEqual(2000 + 200 * 20 + 100);
  });

  it("never slows down an agent that keeps to the rate", () => {
    let bucket = fullBucket(limits, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
      const step = takeToken(bucket, limits, nowMs);
      ({ bucket } = step);
      expect(step.pauseMs).toBe(0);
    }
  });

  it("does not mind a clock that stands still or goes back", () => {
    const first = takeToken({ tokens: 1, updatedAtMs: 1000 }, limits, 500);
    expect(first.bucket.tokens).toBe(0);
  });
});

import { describe, expect, it } from "vitest";
import { hasFallenSilent, lookEveryMs } from "../../collector/look-schedule.ts";
import { restoreTracker, EMPTY_TRACKER, type Tracker } from "../../collector/diagnosis/track.ts";

const FEW = { clusters: 3, costMs: 0.5 };
const MANY = { clusters: 400, costMs: 0.5 };
const THOUSANDS = { clusters: 10_000, costMs: 0.5 };

function withTrack(changed: {
  readonly severity?: "critical" | "warning";
  readonly okSinceMs?: number;
}): Tracker {
  const tracker = restoreTracker([
    {
      id: "one",
      code: "DISK_SLOW",
      layer: "storage",
      severity: changed.severity ?? "warning",
      subject: { kind: "node", name: "m1" },
      status: "active",
      since: "2026-11-27T00:00:00.000Z",
      lastSeen: "2026-11-27T00:00:00.000Z",
      until: null,
      rootCause: true,
      causedBy: [],
      explains: [],
      confidence: "certain",
      ruledOut: [],
      title: { en: "", zh: "" },
      detail: { en: "", zh: "" },
      respondWithin: "4h",
      runbook: null,
      evidence: [],
    },
  ]);
  const tracks = [...tracker.tracks].map(
    ([key, one]) => [key, { ...one, okSinceMs: changed.okSinceMs }] as const,
  );
  return { ...tracker, tracks: new Map(tracks) };
}

describe("collector/look-schedule", () => {
  it("looks each second as long as that is cheap, then as often as a tenth of the event loop allows", () => {
    expect(lookEveryMs(FEW, EMPTY_TRACKER)).toBe(1000);
    expect(lookEveryMs(MANY, EMPTY_TRACKER)).toBe(2000);
  });

  it("looks at least every twenty seconds, and every five where something moves or is critical", () => {
    expect(lookEveryMs(THOUSANDS, EMPTY_TRACKER)).toBe(20_000);
    expect(lookEveryMs(THOUSANDS, withTrack({}))).toBe(20_000);
    expect(lookEveryMs(THOUSANDS, withTrack({ severity: "critical" }))).toBe(5000);
    expect(lookEveryMs(THOUSANDS, withTrack({ okSinceMs: 1 }))).toBe(5000);
  });

  it("looks once at once when a node has fallen silent", () => {
    const frames = { nodes: new Map([["m1", { lastReceivedAtMs: 10_000 }]]) };
    const look = (lookedAtMs: number, nowMs: number): boolean =>
      hasFallenSilent(frames, { silentAfterMs: 3500, lookedAtMs, nowMs });
    expect(look(13_000, 13_500)).toBe(false);
    expect(look(13_000, 13_501)).toBe(true);
    expect(look(13_501, 14_000)).toBe(false);
  });
});

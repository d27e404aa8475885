import { describe, expect, it } from "vitest";
import type { Attribution } from "../../../collector/diagnosis/causes.ts";
import { linger } from "../../../collector/diagnosis/linger.ts";
import { trackKey, type Track, type Tracked } from "../../../collector/diagnosis/track.ts";

/** Who explains whom, whatever else is there. */
function explainedBy(causes: Readonly<Record<string, readonly string[]>>) {
  return (active: readonly Track[]): ReadonlyMap<string, Attribution> =>
    new Map(
      active.map(({ id }) => {
        const causedBy = (causes[id] ?? []).filter((cause) => active.some((one) => one.id === cause));
        const attribution: Attribution = {
          rootCause: causedBy.length === 0,
          causedBy,
          explains: [],
          confidence: "certain",
          ruledOut: [],
        };
        return [id, attribution];
      }),
    );
}

function finding(id: string, okSinceMs?: number): Track {
  const subject = { kind: "node", name: "m1" } as const;
  const text = { en: id, zh: id };
  return {
    code: id,
    subject,
    id,
    firstBadMs: 0,
    sinceMs: 0,
    lastBadMs: okSinceMs ?? 100_000,
    okSinceMs,
    outcome: { kind: "bad", subject, severity: "warning", title: text, detail: text, evidence: [] },
  };
}

function tracked(active: readonly Track[], resolved: readonly Track[]): Tracked {
  return {
    tracks: new Map(active.map((one) => [trackKey(one.code, one.subject), one])),
    active,
    resolved,
  };
}

function idsOf(tracks: Iterable<Track>): readonly string[] {
  return [...tracks].map(({ id }) => id).sort();
}

describe("collector/diagnosis/linger", () => {
  const byCut = explainedBy({ LOSS: ["CUT"], LATE: ["LOSS"] });

  it("keeps a cause that is over while what it brought about is there, for half a minute", () => {
    const look = linger(tracked([finding("LOSS", 90_000)], [finding("CUT", 80_000)]), 100_000, byCut);
    expect(idsOf(look.tracked.active)).toEqual(["CUT", "LOSS"]);
    expect(idsOf(look.tracked.tracks.values())).toEqual(["CUT", "LOSS"]);
    expect(look.tracked.resolved).toEqual([]);
    expect(look.attribute().get("LOSS")?.rootCause).toBe(false);
  });

  it("takes along what is not seen any more when the cause goes, over every step", () => {
    const unknown = { ...finding("LATE"), lastBadMs: 80_000 };
    const effects = [unknown, finding("LOSS", 90_000)];
    const look = linger(tracked(effects, [finding("CUT", 60_000)]), 100_000, byCut);
    expect(look.tracked.active).toEqual([]);
    expect([...look.tracked.tracks]).toEqual([]);
    expect(idsOf(look.tracked.resolved)).toEqual(["CUT", "LATE", "LOSS"]);
  });

  it("leaves what is still bad: it has another reason by then", () => {
    const look = linger(tracked([finding("LOSS")], [finding("CUT", 60_000)]), 100_000, byCut);
    expect(idsOf(look.tracked.active)).toEqual(["LOSS"]);
    expect(idsOf(look.tracked.resolved)).toEqual(["CUT"]);
    expect(look.attribute().get("LOSS")?.rootCause).toBe(true);
  });

  it("leaves what is critical and of which nothing is known", () => {
    const { outcome, ...rest } = finding("LOSS");
    const unknown = { ...rest, lastBadMs: 80_000, outcome: { ...outcome, severity: "critical" } as const };
    const look = linger(tracked([unknown], [finding("CUT", 60_000)]), 100_000, byCut);
    expect(idsOf(look.tracked.active)).toEqual(["LOSS"]);
  });

  it("leaves what another cause explains as well, and what nothing does", () => {
    const byTwo = explainedBy({ LOSS: ["CUT", "DISK"] });
    const active = [finding("LOSS", 90_000), finding("DISK"), finding("OTHER", 90_000)];
    const look = linger(tracked(active, [finding("CUT", 60_000)]), 100_000, byTwo);
    expect(idsOf(look.tracked.active)).toEqual(["DISK", "LOSS", "OTHER"]);
    expect(idsOf(look.tracked.resolved)).toEqual(["CUT"]);
  });
});

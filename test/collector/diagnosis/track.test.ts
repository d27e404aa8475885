/** Hold, quiet, unknown, restart. */
import { describe, expect, it } from "vitest";
import type { Rule, RuleOutcome } from "../../../collector/diagnosis/rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../../../collector/diagnosis/rule.ts";
import type { Track } from "../../../collector/diagnosis/track.ts";
import { restoreTracker, track } from "../../../collector/diagnosis/track.ts";
import type { Finding } from "../../../shared/rest.ts";

const subject = memberSubject("m1");
const text = { en: "x", zh: "x" };
const bad: RuleOutcome = {
  kind: "bad",
  subject,
  severity: "warning",
  title: text,
  detail: text,
  evidence: [],
};
const LOOKS: Readonly<Record<string, readonly RuleOutcome[] | undefined>> = {
  B: [bad],
  o: [{ kind: "ok", subject }],
  "?": [{ kind: "unknown", subject, reason: text }],
  "-": [],
  "!": undefined,
};

function rule(holdMs: number, quietMs: number): Rule {
  return {
    code: "TEST",
    layer: "process",
    isFault: true,
    respondWithin: RESPOND_WITHIN,
    runbook: null,
    holdMs,
    quietMs,
    evaluate: () => [],
  };
}

/** One letter a second: what the rule said → what was told: a active, r resolved at that look, "." nothing. */
function play(looks: string, one: Rule): string {
  let tracks: ReadonlyMap<string, Track> = new Map();
  return looks
    .split("")
    .map((letter, second) => {
      const told = track(tracks, [{ rule: one, outcomes: LOOKS[letter] }], {
        cluster: "prod-a",
        nowMs: second * 1000,
      });
      tracks = told.tracks;
      return told.resolved.length > 0 ? "r" : told.active.length > 0 ? "a" : ".";
    })
    .join("");
}

describe("collector/diagnosis/track", () => {
  it("tells at once without a hold, and resolves once after the quiet", () => {
    expect(play("oBBoooo", rule(0, 2000))).toBe(".aaaar.");
  });

  it("waits for the hold, and starts it anew after an ok", () => {
    expect(play("BBoBBBB", rule(2000, 3000))).toBe(".....aa");
  });

  it("stays active over an ok that is shorter than the quiet", () => {
    expect(play("BooBoooo", rule(0, 2000))).toBe("aaaaaar.");
  });

  it("lets unknown neither begin nor end anything", () => {
    expect(play("??B????o?oo", rule(0, 2000))).toBe("..aaaaaaar.");
  });

  it("resolves what is no longer a subject, and keeps all of a rule that failed", () => {
    expect(play("B!!---", rule(0, 2000))).toBe("aaaaar");
  });

  it("dates by the evidence, and keeps the identity while it lasts", () => {
    const one = rule(0, 2000);
    const look = (before: ReadonlyMap<string, Track>, nowMs: number, sinceMs: number) =>
      track(before, [{ rule: one, outcomes: [{ ...bad, sinceMs }] }], { cluster: "prod-a", nowMs });
    const first = look(new Map(), 10_000, 7000);
    const second = look(first.tracks, 11_000, 9000);
    expect(first.active[0]?.sinceMs).toBe(7000);
    expect(second.active[0]).toMatchObject({ id: first.active[0]?.id, sinceMs: 7000 });
  });

  it("goes on with the findings of before a restart under the same identity", () => {
    const finding = {
      id: "abc",
      code: "TEST",
      subject,
      severity: "warning",
      since: new Date(5000).toISOString(),
      lastSeen: new Date(6000).toISOString(),
      title: text,
      detail: text,
      evidence: [],
      confidence: "certain",
    } as unknown as Finding;
    const { tracks } = restoreTracker([finding]);
    const one = rule(0, 2000);
    const told = track(tracks, [{ rule: one, outcomes: [bad] }], { cluster: "prod-a", nowMs: 9000 });
    expect(told.active.map(({ id, sinceMs }) => [id, sinceMs])).toEqual([["abc", 5000]]);
    const over = track(tracks, [], { cluster: "prod-a", nowMs: 9000 });
    expect(over.resolved).toHaveLength(1);
  });
});

/** The table of verdicts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtTolerance, neededFor } from "../../../collector/diagnosis/majority.ts";
import type { VerdictInput } from "../../../collector/diagnosis/verdict.ts";
import { judgeVerdict } from "../../../collector/diagnosis/verdict.ts";

/** One letter a voter: s serving, q no-quorum, x out, ? not seen. */
function input(states: string, more: Partial<VerdictInput> = {}): VerdictInput {
  const names = (letter: string): readonly string[] =>
    states.split("").flatMap((state, index) => (state === letter ? [`m${index + 1}`] : []));
  const up = names("s").length + names("q").length;
  return {
    voters: states.length,
    needed: neededFor(states.length),
    built: builtTolerance(states.length),
    serving: names("s"),
    noQuorum: names("q"),
    out: names("x"),
    dark: names("?"),
    largestGroup: up,
    leaderlessGroup: up,
    hasLeader: names("s").length >= neededFor(states.length),
    leaderlessMs: 10_000,
    electionLimitMs: 3000,
    agents: { known: states.length, heard: states.length },
    ...more,
  };
}

function f(states: string, want: string, more: Partial<VerdictInput> = {}): void {
  it(`calls ${states || "no voters"} ${JSON.stringify(more)} ${want}`, () => {
    const judged = judgeVerdict(input(states, more));
    expect(judged.verdict).toBe(want);
    expect(judged.headline.en).not.toBe("");
    expect(judged.headline.zh).not.toBe("");
  });
}

describe("collector/diagnosis/verdict", () => {
  f("sss", "healthy");
  f("ssx", "at-risk");
  f("ssq", "at-risk");
  f("ss?", "at-risk");
  f("sssss", "healthy");
  f("ssssx", "degraded");
  f("sssxx", "at-risk");
  f("ssss", "healthy");
  f("sssx", "at-risk");
  f("s", "healthy");
  f("ss", "healthy");
  f("sx", "quorum-lost");
  f("x", "quorum-lost");
  f("sss", "degraded", { built: 2 });
  f("ss", "at-risk", { built: 1 });
  f("qxx", "quorum-lost");
  f("sxx", "quorum-lost");
  f("xxx", "quorum-lost");
  f("qqx", "no-leader");
  f("qqq", "no-leader");
  f("ssx", "at-risk", { hasLeader: false, leaderlessMs: 1000 });
  f("ssx", "no-leader", { hasLeader: false });
  // Those that were not asked since the leader was lost prove nothing of it.
  f("qqx", "at-risk", { leaderlessGroup: 1 });
  // A leader is named, and nobody gets a read through it.
  f("qqs", "no-leader", { hasLeader: true });
  // Parted into ones.
  f("qqq", "quorum-lost", { largestGroup: 1 });
  f("q?x", "quorum-lost");
  f("q??", "unknown");
  f("???", "unknown");
  f("sss", "unknown", { agents: { known: 3, heard: 0 } });
  f("", "unknown", { voters: undefined });

  it("is never healthy when fewer than needed serve, nor when nobody leads", () => {
    const states = fc.string({ unit: fc.constantFrom("s", "q", "x", "?"), minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(states, fc.boolean(), fc.nat({ max: 7 }), (text, hasLeader, largestGroup) => {
        const given = input(text, { hasLeader, largestGroup });
        const { verdict } = judgeVerdict(given);
        const holds = hasLeader && given.serving.length >= given.needed;
        return holds ? verdict !== "quorum-lost" : verdict !== "healthy" && verdict !== "degraded";
      }),
    );
  });

  it("is never made better by learning that a member which was not seen is out", () => {
    const states = fc.string({ unit: fc.constantFrom("s", "q", "x", "?"), minLength: 1, maxLength: 7 });
    const isGood = (verdict: string): boolean => verdict === "healthy" || verdict === "degraded";
    fc.assert(
      fc.property(states, fc.boolean(), (text, hasLeader) => {
        const judge = (given: string): string => judgeVerdict(input(given, { hasLeader })).verdict;
        const [before, after] = [judge(text), judge(text.replace("?", "x"))];
        return isGood(before) || !isGood(after);
      }),
    );
  });
});

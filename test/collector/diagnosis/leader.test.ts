/** Whose claim counts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../../collector/diagnosis/leader.ts";
import { judgeLeader } from "../../../collector/diagnosis/leader.ts";

const NAMES = ["m1", "m2", "m3", "m4", "m5"];

function candidates(...out: readonly string[]) {
  return NAMES.map((name, index) => ({ name, id: BigInt(index + 1), isOut: out.includes(name) }));
}

/** "m1:1@2" m1 names member 1 in term 2; "!" behind: a learner; "+" behind: asked later than the others. */
function claims(text: string): readonly Claim[] {
  return text.split(" ").flatMap((one) => {
    const match = /^(m\d):(\d)@(\d+)([!+]?)$/.exec(one);
    return match === null
      ? []
      : [
          {
            member: match[1] ?? "",
            isVoter: match[4] !== "!",
            leaderId: BigInt(match[2] ?? 0),
            term: BigInt(match[3] ?? 0),
            sinceMs: 100,
            atMs: match[4] === "+" ? 2000 : 1000,
          },
        ];
  });
}

/** "m1 m2 out: claims": with those known to be out. Two votes of three are needed. */
function f(text: string, want: string): void {
  const [before, after] = text.split(": ");
  const out = after === undefined ? [] : (before ?? "").replace(" out", "").split(" ");
  it(`says ${want} of ${text}`, () => {
    const leader = judgeLeader(claims(after ?? text), candidates(...out), 2);
    const not =
      leader !== undefined && leader.disagreeing.length > 0 ? ` not ${leader.disagreeing.join(",")}` : "";
    expect(
      leader === undefined ? "none" : `${leader.member}@${leader.term} by ${leader.agreedBy.join(",")}${not}`,
    ).toBe(want);
  });
}

describe("collector/diagnosis/leader", () => {
  f("m1:1@2 m2:1@2 m3:1@2", "m1@2 by m1,m2,m3");
  // A stale leader claims the old term.
  f("m1:1@2 m2:2@3 m3:2@3", "m2@3 by m2,m3 not m1");
  // One that knows none contradicts nobody.
  f("m1:0@7 m2:2@3 m3:2@3", "m2@3 by m2,m3");
  f("m1:0@2 m2:0@2 m3:0@2", "none");
  // A claim without a majority, even of a higher term, is none; the older one stands while it has one.
  f("m1:1@2 m2:1@2 m3:3@9", "m1@2 by m1,m2 not m3");
  f("m1:1@2 m2:2@3 m3:3@4", "none");
  // Followers go on naming a leader that is known to be dead.
  f("m1 out: m2:1@2 m3:1@2", "none");
  // One that is only not seen may lead on.
  f("m2:1@2 m3:1@2", "m1@2 by m2,m3");
  // Just elected: it was asked before it won.
  f("m1:0@3 m2:1@3+ m3:1@3+", "m1@3 by m2,m3");
  f("m1:3@2 m2:1@3 m3:1@3", "m1@3 by m2,m3 not m1");
  // Just lost: it was asked after the others and leads no more, or knows a newer term.
  f("m1:0@2+ m2:1@2 m3:1@2", "none");
  f("m1:0@3 m2:1@2 m3:1@2", "none");
  // Learners have no vote.
  f("m1:1@2 m4:1@2! m5:1@2!", "none");
  f("m1:1@2 m2:1@2 m4:1@2!", "m1@2 by m1,m2,m4");
  // Unknown to the member list.
  f("m1:9@2 m2:9@2", "none");

  it("never finds two leaders of one term, whatever half of the members is asked", () => {
    const claim = fc.record({
      member: fc.constantFrom(...NAMES),
      leaderId: fc.bigInt({ min: 0n, max: 5n }),
      term: fc.bigInt({ min: 1n, max: 3n }),
      atMs: fc.integer({ min: 0, max: 3 }),
    });
    const spoken = fc.uniqueArray(claim, { selector: ({ member }) => member, maxLength: 5 });
    fc.assert(
      fc.property(spoken, fc.nat({ max: 31 }), (all, mask) => {
        const say = (some: typeof all) =>
          judgeLeader(
            some.map((one) => ({ ...one, isVoter: true, sinceMs: 0 })),
            candidates(),
            3,
          );
        const [whole, part] = [say(all), say(all.filter((_, index) => (mask >> index) % 2 === 1))];
        return (
          whole === undefined ||
          part === undefined ||
          whole.term !== part.term ||
          whole.memberId === part.memberId
        );
      }),
    );
  });

  it("accepts only whom a majority of voters names in one term, and nobody who is known to be out", () => {
    const claim = fc.record({
      member: fc.constantFrom(...NAMES),
      leaderId: fc.bigInt({ min: 0n, max: 5n }),
      term: fc.bigInt({ min: 1n, max: 3n }),
      atMs: fc.integer({ min: 0, max: 3 }),
      isVoter: fc.boolean(),
    });
    const spoken = fc.uniqueArray(claim, { selector: ({ member }) => member, maxLength: 5 });
    fc.assert(
      fc.property(spoken, fc.constantFrom(...NAMES), (all, out) => {
        const known = candidates().map((one) => ({ ...one, isOut: one.name === out }));
        const leader = judgeLeader(
          all.map((one) => ({ ...one, sinceMs: 0 })),
          known,
          3,
        );
        const votes = all.filter(({ isVoter, member }) => isVoter && leader?.agreedBy.includes(member));
        return leader === undefined || (leader.member !== out && votes.length >= 3);
      }),
    );
  });
});

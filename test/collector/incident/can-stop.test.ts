import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canStop, decideStop, type StopInput } from "../../../collector/incident/can-stop.ts";
import { neededFor } from "../../../collector/diagnosis/majority.ts";
import type { LinkView } from "../../../collector/view/cluster-view.ts";
import type { CanStop } from "../../../shared/rest-incident.ts";
import { Play } from "./play.ts";

const TEXT = { en: "x", zh: "x" };
const NAMES = ["m1", "m2", "m3", "m4", "m5", "m6", "m7"];

const inputs: fc.Arbitrary<StopInput> = fc
  .integer({ min: 1, max: 7 })
  .chain((count) =>
    fc.record({
      voters: fc.array(fc.constantFrom("serving", "serving", "serving", "away", "weak", "doubted"), {
        minLength: count,
        maxLength: count,
      }),
      parted: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 5 }),
      target: fc.nat(count - 1),
      leader: fc.option(fc.nat(count - 1), { nil: undefined }),
    }),
  )
  .map(({ voters, parted, target, leader }) => ({
    target: NAMES[target] ?? "",
    isVoter: true,
    leader: leader === undefined ? undefined : NAMES[leader],
    voters: voters.map((state, index) => ({
      name: NAMES[index] ?? "",
      isServing: state !== "away",
      problem: state === "weak" ? TEXT : undefined,
      doubt: state === "doubted" ? TEXT : undefined,
    })),
    links: parted.map(
      ([from, to]) => ({ from: NAMES[from], to: NAMES[to], port: "peer", state: "down" }) as LinkView,
    ),
    reasons: [],
  }));

/** By trying every set of voters: whether a connected majority of serving ones is left. */
function keepsMajority(input: StopInput): boolean {
  const left = input.voters.filter(({ name, isServing }) => isServing && name !== input.target);
  const isCut = (one: string, other: string): boolean =>
    input.links.some(({ from, to }) => (from === one && to === other) || (from === other && to === one));
  for (let mask = 0; mask < 2 ** left.length; mask += 1) {
    const set = left.filter((_, index) => (mask & (1 << index)) !== 0).map(({ name }) => name);
    const isWhole = set.every((one) => set.every((other) => one === other || !isCut(one, other)));
    if (isWhole && set.length >= neededFor(input.voters.length)) {
      return true;
    }
  }
  return false;
}

function ask(play: Play, name: string): CanStop {
  const { cluster: judged, state } = play.last!;
  return canStop(
    judged,
    judged.members.find((member) => member.name === name)!,
    state.findings,
  );
}

function codes({ reasons }: CanStop): readonly string[] {
  return reasons.map(({ effect, code }) => `${effect} ${code}`);
}

describe("collector/incident/can-stop", () => {
  it("never says safe when the stop loses a serving majority", () => {
    fc.assert(
      fc.property(inputs, (input) => decideStop(input).safe !== true || keepsMajority(input)),
      { numRuns: 3000 },
    );
  });

  it("says why whenever it does not say safe, and says safe for a healthy cluster of three or more", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { safe, reasons } = decideStop(input);
        return (
          safe === true || reasons.some(({ effect }) => effect === (safe === null ? "unknown" : "blocks"))
        );
      }),
    );
    const play = new Play().run(60);
    expect(ask(play, "m3")).toMatchObject({ safe: true, tolerance: 1, after: { serving: 2, tolerance: 0 } });
    expect(codes(ask(play, "m1"))).toContain("note LEADER");
  });

  it("says no to the second one, and lets the dead one be stopped", () => {
    const play = new Play().run(60, "kill m3");
    expect(ask(play, "m2")).toMatchObject({ safe: false });
    expect(codes(ask(play, "m2"))[0]).toBe("blocks QUORUM");
    expect(ask(play, "m3").safe).toBe(true);
  });

  it("says no for a minute after another one has restarted", () => {
    const play = new Play().run(60).run(20, "kill m3").run(20, "start m3", "elect m1");
    expect(ask(play, "m2").safe).toBe(false);
    expect(play.run(80).last?.state.quorum.serving).toBe(3);
    expect(ask(play, "m2").safe).toBe(true);
  });

  it("cannot tell while an agent that matters is not heard", () => {
    const play = new Play().run(60).run(30, "silence m3");
    expect(ask(play, "m2").safe).toBeNull();
    expect(codes(ask(play, "m2"))).toContain("unknown VOTER_UNSEEN");
  });

  it("says no without a leader, under an alarm, and to the only voter", () => {
    expect(ask(new Play().run(60).run(30, "forget m1 m2 m3"), "m2").safe).toBe(false);
    expect(codes(ask(new Play().run(60).run(30, "alarm m1 NOSPACE"), "m2"))).toContain("blocks ALARM");
    const input: StopInput = {
      target: "m1",
      isVoter: true,
      leader: "m1",
      voters: [{ name: "m1", isServing: true, problem: undefined, doubt: undefined }],
      links: [],
      reasons: [],
    };
    expect(decideStop(input).safe).toBe(false);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeldRuns } from "../../../collector/view/held-runs.ts";
import { runKey, type RunState } from "../../../collector/view/node-state.ts";
import type { ProbeRunRecord } from "../../../shared/frame.ts";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";

const TARGETS = [...Array(25).keys()].map((i) => `m${i}`);

type Model = ReadonlyMap<string, RunState>;

/** What it should be: an object for each run, copied each time. */
function addPlainly(before: Model, runs: readonly ProbeRunRecord[], atMs: number): Model {
  const after = new Map(before);
  for (const run of runs) {
    const held = after.get(run.target);
    const endedAtMs = atMs - run.ageMs;
    const isFailure = run.outcome === Outcome.FAILED || run.outcome === Outcome.TIMED_OUT;
    const failingSinceMs = isFailure ? (held?.failingSinceMs ?? endedAtMs) : held?.failingSinceMs;
    after.set(run.target, {
      probe: run.probe,
      target: run.target,
      outcome: run.outcome,
      endedAtMs,
      durationMs: run.durationUs / 1000,
      errorCode: run.errorCode,
      errorText: run.errorText,
      lastOkAtMs: run.outcome === Outcome.OK ? endedAtMs : held?.lastOkAtMs,
      failingSinceMs: run.outcome === Outcome.OK ? undefined : failingSinceMs,
    });
  }
  return after;
}

function replacePlainly(before: Model, runs: readonly ProbeRunRecord[], atMs: number): Model {
  const targets = new Set(runs.map(({ target }) => target));
  return addPlainly(new Map([...before].filter(([target]) => targets.has(target))), runs, atMs);
}

function expectSame(runs: HeldRuns, model: Model): void {
  for (const target of TARGETS) {
    expect(runs.get(runKey("status", target))).toEqual(model.get(target));
  }
  const byTarget = (one: RunState, other: RunState): number => (one.target < other.target ? -1 : 1);
  const isBad = ({ outcome }: RunState): boolean =>
    outcome === Outcome.FAILED || outcome === Outcome.TIMED_OUT;
  expect([...runs.failing()].sort(byTarget)).toEqual([...model.values()].filter(isBad).sort(byTarget));
  expect(runs.isEmpty()).toBe(model.size === 0);
}

const run = fc
  .record({
    target: fc.constantFrom(...TARGETS),
    outcome: fc.constantFrom(Outcome.OK, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.SKIPPED),
    durationUs: fc.nat(1_000_000),
    ageMs: fc.nat(500),
  })
  .map((one): ProbeRunRecord => {
    const isBad = one.outcome === Outcome.FAILED || one.outcome === Outcome.TIMED_OUT;
    return {
      ...one,
      probe: "status",
      errorCode: isBad ? "timeout" : "",
      errorText: isBad ? `After ${one.durationUs} us` : "",
    };
  });

/** Each step adds to one of the versions so far: mostly the newest, sometimes an earlier one. */
const steps = fc.array(
  fc.record({
    back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
    runs: fc.array(run, { maxLength: 12 }),
    isKeyframe: fc.oneof(
      { weight: 5, arbitrary: fc.constant(false) },
      { arbitrary: fc.constant(true), weight: 1 },
    ),
    isAsked: fc.boolean(),
  }),
  { maxLength: 40 },
);

describe("collector/view/held-runs", () => {
  it("holds in every version that is kept what plain objects would hold, from whichever version it was made", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const versions: (readonly [HeldRuns, Model])[] = [[new HeldRuns(), new Map()]];
        versions[0]?.[0].keep();
        taken.forEach(({ back, runs, isKeyframe, isAsked }, step) => {
          const [held, model] = versions[Math.max(0, versions.length - 1 - back)] ?? [];
          if (held !== undefined && model !== undefined) {
            const atMs = 1000 * (step + 1);
            const next = isKeyframe ? held.replace(runs, atMs) : held.add(runs, atMs);
            const expected = (isKeyframe ? replacePlainly : addPlainly)(model, runs, atMs);
            next.keep();
            versions.push([next, expected]);
            if (isAsked) {
              expectSame(held, model);
              expectSame(next, expected);
            }
          }
        });
        versions.forEach(([held, model]) => expectSame(held, model));
      }),
      { numRuns: 100 },
    );
  });

  it("moves what was when, and not how long it took, when the clock was set", () => {
    const ok: ProbeRunRecord = {
      probe: "status",
      target: "m1",
      outcome: Outcome.OK,
      durationUs: 5000,
      errorCode: "",
      errorText: "",
      ageMs: 0,
    };
    const failed = { ...ok, outcome: Outcome.FAILED, errorCode: "refused", errorText: "Refused" };
    const before = new HeldRuns().add([ok], 1000).add([failed], 2000);
    before.keep();
    const moved = before.move(500).get(runKey("status", "m1"));
    expect(moved).toMatchObject({
      endedAtMs: 2500,
      durationMs: 5,
      lastOkAtMs: 1500,
      failingSinceMs: 2500,
      errorCode: "refused",
    });
    expect(before.get(runKey("status", "m1"))?.endedAtMs).toBe(2000);
  });
});

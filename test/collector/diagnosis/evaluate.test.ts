/** The whole of a diagnosis where a scenario cannot say it: own faults, restarts, replay, random histories, cost. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../../collector/diagnosis/evaluate.ts";
import { evaluate, summarize } from "../../../collector/diagnosis/evaluate.ts";
import { RULES } from "../../../collector/diagnosis/registry.ts";
import { replay } from "../../../collector/diagnosis/replay.ts";
import type { Rule } from "../../../collector/diagnosis/rule.ts";
import { DEFAULT_THRESHOLDS } from "../../../collector/diagnosis/thresholds.ts";
import type { Tracker } from "../../../collector/diagnosis/track.ts";
import { EMPTY_TRACKER, restoreTracker } from "../../../collector/diagnosis/track.ts";
import { foldCluster } from "../../../collector/view/fold.ts";
import type { ClusterFrames } from "../../../collector/view/node-state.ts";
import type { ReceivedFrame } from "../../../shared/frame.ts";
import { COMMANDS } from "../../scenario/commands.ts";
import { START_MS, World } from "../../scenario/world.ts";

const OPTIONS = {
  thresholds: DEFAULT_THRESHOLDS,
  expectedVoters: undefined,
  collectorStartedAtMs: START_MS - 60_000,
} as const;

interface Played {
  readonly frames: ClusterFrames;
  readonly sent: readonly ReceivedFrame[];
  readonly tracker: Tracker;
  readonly last: Evaluation;
  readonly all: readonly Evaluation[];
  readonly nowMs: number;
}

/** Commands before each of the seconds. */
function play(script: readonly (readonly string[])[]): Played {
  const world = new World();
  let frames: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
  let tracker = EMPTY_TRACKER;
  const sent: ReceivedFrame[] = [];
  const all: Evaluation[] = [];
  for (const commands of script) {
    for (const line of commands) {
      const [name = "", ...args] = line.split(" ");
      COMMANDS[name]?.(world, args);
    }
    for (const received of world.tick()) {
      sent.push(received);
      frames = foldCluster(frames, received);
    }
    const evaluation = evaluate(frames, tracker, { ...OPTIONS, nowMs: world.nowMs });
    tracker = evaluation.tracker;
    all.push(evaluation);
    world.nowMs += 1000;
  }
  const last = all.at(-1);
  if (last === undefined) {
    throw new Error("Expected at least one second");
  }
  return { frames, sent, tracker, last, all, nowMs: world.nowMs - 1000 };
}

function seconds(count: number, first: readonly string[] = []): readonly (readonly string[])[] {
  return [first, ...Array.from({ length: count - 1 }, () => [])];
}

const KILLED = [...seconds(5, ["voters m1 m2 m3"]), ...seconds(6, ["kill m3"])];

describe("collector/diagnosis/evaluate", () => {
  it("reports a rule that throws as a problem, keeps its findings and goes on with the others", () => {
    const { frames, tracker, nowMs } = play(KILLED);
    const broken: Rule = {
      ...(RULES.find(({ code }) => code === "MEMBER_DOWN") as Rule),
      evaluate: () => {
        throw new TypeError("Cannot read");
      },
    };
    const rules = RULES.map((rule) => (rule.code === broken.code ? broken : rule));
    const evaluation = evaluate(frames, tracker, { ...OPTIONS, nowMs: nowMs + 100, rules });
    expect(evaluation.problems.map(({ code }) => code)).toEqual(["MEMBER_DOWN"]);
    expect(evaluation.state.findings.map(({ code }) => code)).toContain("MEMBER_DOWN");
    expect(evaluation.state.verdict).toBe("at-risk");
  });

  it("goes on with the same findings after a restart of the collector", () => {
    const { frames, last, nowMs } = play(KILLED);
    const tracker = restoreTracker(last.state.findings);
    const again = evaluate(frames, tracker, { ...OPTIONS, nowMs: nowMs + 100 });
    expect(again.state.findings.map(({ id }) => id)).toEqual(last.state.findings.map(({ id }) => id));
  });

  it("comes to the same from the recorded frames", () => {
    const { sent, last, nowMs } = play(KILLED);
    const { collectorStartedAtMs: _, ...options } = OPTIONS;
    const again = replay(sent, { ...options, cluster: "prod-a", atMs: nowMs });
    expect(again?.state.verdict).toBe(last.state.verdict);
    expect(again?.state.members).toEqual(last.state.members);
    expect(again?.state.findings.map(({ code }) => code)).toEqual(
      last.state.findings.map(({ code }) => code),
    );
    expect(replay([], { ...options, cluster: "prod-a", atMs: nowMs })).toBeUndefined();
  });

  it("sees the past as it was when its frames came late", () => {
    const { sent, last, nowMs } = play(KILLED);
    const late = sent.map((one) => ({ ...one, receivedAtMs: one.receivedAtMs + 3_600_000 }));
    const { collectorStartedAtMs: _, ...options } = OPTIONS;
    const again = replay(late, { ...options, cluster: "prod-a", atMs: nowMs });
    expect(again?.state.verdict).toBe(last.state.verdict);
    expect(again?.state.members.map(({ agent }) => agent.state)).toEqual(["online", "online", "online"]);
  });

  it("sums up a cluster in one line", () => {
    const { last } = play(seconds(3, ["voters m1 m2 m3"]));
    expect(summarize(last.state)).toMatchObject({
      name: "prod-a",
      verdict: "healthy",
      tolerance: 1,
      leader: "m1",
    });
  });

  it("has every link in both directions and both ports, and knows nothing of a cluster without frames", () => {
    const { last } = play(seconds(3, ["voters m1 m2 m3"]));
    expect(last.links).toHaveLength(12);
    const nothing = evaluate({ cluster: "x", nodes: new Map() }, EMPTY_TRACKER, {
      ...OPTIONS,
      nowMs: START_MS,
    });
    expect(nothing.state).toMatchObject({ verdict: "unknown", members: [], leader: null });
  });

  it(
    "never calls a history healthy in which fewer than needed serve, and attributes without a circle",
    { timeout: 60_000 },
    () => {
      const name = fc.constantFrom("m1", "m2", "m3", "m4", "m5");
      const command = fc.oneof(
        fc.tuple(
          fc.constantFrom("kill", "stop", "start", "forget", "silence", "speak", "elect", "cut", "unseen"),
          name,
        ),
        fc.constant(["heal"] as const),
        fc.tuple(
          fc.constant("read"),
          name,
          fc.constant("linearizable"),
          fc.constantFrom("timeout", "no_leader", "ok"),
        ),
        fc.tuple(fc.constant("disk"), name, fc.constant("data"), fc.constantFrom("0B/20GiB", "1GiB/20GiB")),
      );
      const script = fc.array(fc.array(command, { maxLength: 2 }), { minLength: 3, maxLength: 15 });
      fc.assert(
        fc.property(script, (steps) => {
          const lines = steps.map((commands) => commands.map((words) => words.join(" ")));
          const { all } = play([["voters m1 m2 m3 m4 m5"], ...lines]);
          return all.every(({ state, problems }) => {
            const { verdict, quorum, leader, findings } = state;
            const isWell = verdict === "healthy" || verdict === "degraded";
            // What is only an effect waits for its cause to be seen, but not for long.
            const hasRoot =
              findings.some(({ rootCause }) => rootCause) ||
              findings.every(({ since }) => Date.parse(state.at) - Date.parse(since) < 20_000);
            const claims = new Set(
              all.flatMap(({ state: { leader: one } }) =>
                one?.term === leader?.term ? [one?.memberId] : [],
              ),
            );
            return (
              problems.length === 0 &&
              hasRoot &&
              claims.size <= 1 &&
              (!isWell || (quorum.serving >= quorum.needed && leader !== null))
            );
          });
        }),
        { numRuns: 60 },
      );
    },
  );
});

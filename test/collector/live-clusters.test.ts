/** The clusters as they are now while the clocks of the collector and of a node are set: by hand, second by second. */
import { describe, expect, it } from "vitest";
import { createClockWatch } from "../../collector/clock-watch.ts";
import type { Evaluation } from "../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { createIncidentWatch } from "../../collector/incident-watch.ts";
import { createStaleOffset } from "../../collector/ingest/stale-offset.ts";
import { createLiveClusters } from "../../collector/live-clusters.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import type { Finding } from "../../shared/rest.ts";
import { createManualClock } from "../agent/manual-clock.ts";
import { COMMANDS } from "../scenario/commands.ts";
import { START_MS, World } from "../scenario/world.ts";
import { createTestLog } from "./ingest/test-frames.ts";

const HOUR_MS = 3_600_000;
/** Agents measure anew every ten seconds how far their clock is from the collector's. */
const MEASURED_EVERY_S = 10;

/** A collector beside a world whose agents keep their own clocks, and hold their frames for so many seconds. */
function watchWorld(clock = createManualClock(START_MS), holdS = 0, forgottenAfterMs = Infinity) {
  const world = new World();
  const evaluations: Evaluation[] = [];
  const log = createTestLog();
  const incidents = createIncidentWatch({ save: () => Promise.resolve(), log });
  const stale = createStaleOffset();
  const forgotten: string[] = [];
  const live = createLiveClusters({
    clock,
    log,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: () => undefined,
    holdMs: () => 1000 * holdS,
    collectorTroubles: () => [],
    beforeLook: () => watch.look(),
    forgottenAfterMs,
    onForgotten: ({ node }) => forgotten.push(node),
    onEvaluated: (cluster, evaluation) => {
      evaluations.push(evaluation);
      incidents.observe(cluster, evaluation);
    },
  });
  const watch = createClockWatch(clock, (byMs) => {
    live.moveTimes(byMs);
    incidents.moveTimes(byMs);
    stale.clockSet(byMs);
  });
  let seconds = 0;
  let measuredUs = 0;
  let held: ReceivedFrame[] = [];

  function receive({ frame, ...received }: ReceivedFrame): ReceivedFrame {
    const ownUs = frame.clockOffset?.offsetUs ?? 0;
    const clockOffset = { offsetUs: measuredUs + ownUs, roundTripUs: 400 };
    return { ...received, receivedAtMs: clock.nowMs(), frame: stale.correct({ ...frame, clockOffset }) };
  }

  async function run(forSeconds: number, ...commands: readonly string[]): Promise<readonly Evaluation[]> {
    evaluations.length = 0;
    for (const line of commands) {
      const [name = "", ...args] = line.split(" ");
      COMMANDS[name]?.(world, args);
    }
    for (let second = 0; second < forSeconds; second += 1) {
      if (seconds % MEASURED_EVERY_S === 0) {
        measuredUs = (world.nowMs - clock.nowMs()) * 1000;
      }
      seconds += 1;
      watch.look();
      held.push(...world.tick());
      if (seconds % (holdS + 1) === 0) {
        live.addFrames(held.map(receive));
        held = [];
      }
      await clock.advance(1000);
      world.nowMs += 1000;
    }
    return [...evaluations];
  }

  live.start();
  return { clock, run, live, incidents, forgotten, log, state: () => live.find("prod-a")?.state };
}

/** One that a healthy node sent. */
function createFrame(): ReceivedFrame {
  const world = new World();
  COMMANDS["voters"]?.(world, ["m1", "m2", "m3"]);
  const [received] = world.tick();
  if (received === undefined) {
    throw new Error("Expected a frame");
  }
  return received;
}

function codesOf(looks: readonly Evaluation[]): readonly string[] {
  return [...new Set(looks.flatMap(({ state }) => state.findings.map(({ code }) => code)))];
}

function expectNothingToCome(looks: readonly Evaluation[]): void {
  for (const { state } of looks) {
    const times = state.findings.flatMap(({ since, lastSeen }) => [since, lastSeen]);
    expect([...times, state.leader?.since ?? ""].filter((time) => time > state.at)).toEqual([]);
  }
}

function only(findings: readonly Finding[] | undefined, code: string): Finding | undefined {
  return findings?.find((one) => one.code === code);
}

describe("collector/live-clusters", () => {
  it.each([-HOUR_MS, HOUR_MS])(
    "finds nothing in a healthy cluster when its own clock is set by %i ms",
    async (byMs) => {
      const { clock, run, state } = watchWorld();
      await run(40, "voters m1 m2 m3");
      clock.setBy(byMs);
      const looks = await run(70);
      expect(codesOf(looks)).toEqual([]);
      expect(new Set(looks.map(({ state: { verdict } }) => verdict))).toEqual(new Set(["healthy"]));
      expectNothingToCome(looks);
      expect(Math.abs(Date.parse(state()?.at ?? "") - clock.nowMs())).toBeLessThan(2000);
    },
  );

  it.each([-HOUR_MS, HOUR_MS])(
    "keeps a finding and its incident when its own clock is set by %i ms, and sees both end",
    async (byMs) => {
      const { clock, run, state, incidents } = watchWorld();
      await run(40, "voters m1 m2 m3");
      await run(20, "kill m3");
      const before = only(state()?.findings, "MEMBER_DOWN");
      const open = incidents.openIncident("prod-a");
      clock.setBy(byMs);
      const looks = await run(20);
      expectNothingToCome(looks);
      const after = only(state()?.findings, "MEMBER_DOWN");
      expect(after?.id).toBe(before?.id);
      expect(Date.parse(after?.since ?? "")).toBe(Date.parse(before?.since ?? "") + byMs);
      expect(incidents.openIncident("prod-a")).toBe(open);
      await run(60, "start m3");
      expect(state()?.findings).toEqual([]);
      expect(incidents.list("prod-a").map(({ id, status }) => [id, status])).toEqual([[open, "resolved"]]);
      expect(incidents.list("prod-a")[0]?.resolvedMs).toBeLessThanOrEqual(clock.nowMs());
    },
  );

  it("answers of one cluster of very many with a look of that moment, the same until the next", async () => {
    const clock = createManualClock(START_MS);
    const told = new Map<string, Evaluation>();
    const live = createLiveClusters({
      clock,
      log: createTestLog(),
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: () => 3,
      collectorTroubles: () => [],
      onEvaluated: (cluster, evaluation) => told.set(cluster, evaluation),
    });
    const world = new World();
    COMMANDS["voters"]?.(world, ["m1", "m2", "m3"]);
    live.start();
    const names = Array.from({ length: 130 }, (_, index) => `c${index}`);
    for (let second = 0; second < 8; second += 1) {
      if (second === 4) {
        COMMANDS["kill"]?.(world, ["m3"]);
      }
      const frames = world.tick();
      live.addFrames(
        names.flatMap((cluster) =>
          frames.map((one) => ({ ...one, agent: { ...one.agent, cluster }, receivedAtMs: clock.nowMs() })),
        ),
      );
      await clock.advance(1000);
      world.nowMs += 1000;
      for (const name of ["c0", "c77", "c129"]) {
        const found = live.find(name);
        expect(found).toEqual(told.get(name));
        expect(live.find(name)).toBe(found);
      }
    }
    expect(live.find("c77")?.state.verdict).toBe("at-risk");
    expect(live.summaries()).toHaveLength(130);
    expect([live.has("c129"), live.has("c130")]).toEqual([true, false]);
  });

  it("notices an agent's silence as soon as ever after its own clock went back", async () => {
    const { clock, run } = watchWorld();
    await run(40, "voters m1 m2 m3");
    clock.setBy(-HOUR_MS);
    await run(3);
    expect(codesOf(await run(12, "silence m2"))).toContain("AGENT_SILENT");
  });

  it("finds nothing in a healthy cluster whose agents hold their frames, and silence so much later", async () => {
    const { run, clock } = watchWorld(createManualClock(START_MS), 2);
    expect(codesOf(await run(90, "voters m1 m2 m3"))).toEqual([]);
    const lastHeardMs = clock.nowMs() - 1000;
    const looks = await run(12, "silence m2");
    const [first] = looks.filter(({ state }) => state.findings.some(({ code }) => code === "AGENT_SILENT"));
    const afterMs = Date.parse(first?.state.at ?? "") - lastHeardMs;
    expect(afterMs).toBeGreaterThan(DEFAULT_THRESHOLDS.agentSilentMs + 2000);
    expect(afterMs).toBeLessThan(DEFAULT_THRESHOLDS.agentSilentMs + 2000 + 1500);
  });

  it("judges by what it tells whoever records it: silence begins later where frames are held", async () => {
    const { live } = watchWorld(createManualClock(START_MS), 2);
    expect(live.thresholds()).toEqual({
      ...DEFAULT_THRESHOLDS,
      agentSilentMs: DEFAULT_THRESHOLDS.agentSilentMs + 2000,
    });
    expect(watchWorld().live.thresholds()).toEqual(DEFAULT_THRESHOLDS);
  });

  it("forgets a node that was not heard for long, and with the last one the cluster, whose findings are over", async () => {
    const afterMs = 10 * 60_000;
    const { run, live, incidents, forgotten } = watchWorld(createManualClock(START_MS), 0, afterMs);
    await run(30, "voters m1 m2 m3");
    await run(afterMs / 1000 - 60, "silence m3");
    expect([forgotten, live.find("prod-a")?.state.findings.map(({ code }) => code)]).toEqual([
      [],
      ["AGENT_SILENT"],
    ]);
    await run(180);
    expect(forgotten).toEqual(["m3"]);
    const looks = await run(afterMs / 1000 + 120, "silence m1", "silence m2");
    expect(forgotten).toEqual(["m3", "m1", "m2"]);
    expect([live.has("prod-a"), live.summaries()]).toEqual([false, []]);
    const last = looks.at(-1);
    expect(last?.state.findings).toEqual([]);
    expect(last?.resolved.map(({ code, status }) => [code, status])).toContainEqual([
      "AGENT_SILENT",
      "resolved",
    ]);
    expect(incidents.list("prod-a").filter(({ status }) => status === "open")).toEqual([]);
  });

  it("gives the place of a name that is gone to a new one in a full cluster, never that of one that speaks", () => {
    const { live, clock, forgotten, log } = watchWorld();
    const template = createFrame();
    const send = (node: string, agoMs: number): void =>
      live.addFrames([
        { ...template, agent: { cluster: "full", node }, receivedAtMs: clock.nowMs() - agoMs },
      ]);
    for (let count = 0; count < 64; count += 1) {
      send(`n${count}`, count === 7 ? 9 * 60_000 : 0);
    }
    send("one-more", 0);
    expect(forgotten).toEqual([]);
    expect(log.lines.filter(({ sentence }) => sentence.includes("Too many"))).toHaveLength(1);
    clock.setBy(2 * 60_000);
    for (let count = 0; count < 64; count += 1) {
      send(`n${count}`, count === 7 ? 11 * 60_000 : 0);
    }
    send("one-more", 0);
    send("another", 0);
    expect(forgotten).toEqual(["n7"]);
  });

  it("begins a node anew whose frame cannot be folded, and goes on with the others", async () => {
    const { live, clock, log, run } = watchWorld();
    await run(5, "voters m1 m2 m3");
    const template = createFrame();
    const broken = { ...template.frame, sequence: 99n, samples: undefined } as unknown as Frame;
    live.addFrames([
      { ...template, frame: broken, receivedAtMs: clock.nowMs() },
      { ...template, agent: { cluster: "prod-b", node: "n1" }, receivedAtMs: clock.nowMs() },
    ]);
    await clock.advance(1000);
    expect(log.lines.map(({ sentence }) => sentence)).toContain(
      "A frame could not be folded: its node begins anew.",
    );
    expect(live.has("prod-b")).toBe(true);
    await run(70);
    expect(live.find("prod-a")?.state.verdict).toBe("healthy");
  });

  it("tells of a node whose clock went back only that, and its member goes on serving", async () => {
    const { run } = watchWorld();
    await run(40, "voters m1 m2 m3");
    const looks = await run(70, `skew m2 ${-HOUR_MS}`);
    expect(codesOf(looks)).toEqual(["CLOCK_SKEW"]);
    expectNothingToCome(looks);
    expect(codesOf(await run(20, "kill m2"))).toContain("MEMBER_DOWN");
  });

  it("ends what it finds recorded as of a time that is still to come, when its clock went back between two runs", async () => {
    const first = watchWorld();
    await first.run(40, "voters m1 m2 m3");
    await first.run(20, "kill m3");
    const recorded = first.state()?.findings ?? [];
    const [incident] = first.incidents.list("prod-a");

    const second = watchWorld(createManualClock(START_MS - HOUR_MS));
    second.incidents.restore(incident === undefined ? [] : [incident], second.clock.nowMs());
    second.live.restore([], new Map([["prod-a", recorded]]));
    const looks = await second.run(20, "voters m1 m2 m3", "kill m3");
    expectNothingToCome(looks);
    expect(only(second.state()?.findings, "MEMBER_DOWN")?.id).toBe(only(recorded, "MEMBER_DOWN")?.id);
    await second.run(60, "start m3");
    expect(second.state()?.findings).toEqual([]);
    expect(second.incidents.list("prod-a").map(({ id, status }) => [id, status])).toEqual([
      [incident?.id, "resolved"],
    ]);
  });
});

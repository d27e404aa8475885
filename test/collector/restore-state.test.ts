/** What a collector that was started again knows, before any agent has come: from a real history. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { createHistory } from "../../collector/history/history.ts";
import { createIncidentWatch } from "../../collector/incident-watch.ts";
import { createLiveClusters } from "../../collector/live-clusters.ts";
import { restoreSilent, restoreState } from "../../collector/restore-state.ts";
import { createManualClock, type ManualClock } from "../agent/manual-clock.ts";
import { playStory } from "./capture/story.ts";
import { createTestLog } from "./ingest/test-frames.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const story = playStory();

/** A collector started at that time over what the story's agents sent. */
async function startAt(startMs: number, frames = story.frames) {
  const clock = createManualClock(startMs);
  const log = createTestLog();
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-restore-"));
  const history = createHistory({
    path: join(folder, "history.db"),
    rawMs: 24 * HOUR_MS,
    maxBytes: 1e12,
    // its calls have limits of time, which is moved fast here
    clock: createManualClock(startMs),
    log,
  });
  onTestFinished(async () => {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await history.start();
  await history.append(frames);
  const incidents = createIncidentWatch({ save: () => Promise.resolve(), log });
  const live = createLiveClusters({
    clock,
    log,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: () => undefined,
    collectorTroubles: () => [],
    onEvaluated: () => undefined,
  });
  const options = { history, live, incidents, clock, log, forgottenAfterMs: 24 * HOUR_MS };
  await restoreState(options);
  await restoreSilent(options);
  live.start();
  return { live, clock, log };
}

async function waitUntilSilent(clock: ManualClock): Promise<void> {
  await clock.advance(60_000);
}

describe("collector/restore-state", { timeout: 30_000 }, () => {
  it("lists a cluster whose agents are long gone, as unknown with silent agents", async () => {
    const { live, clock, log } = await startAt(story.toMs + 2 * HOUR_MS);
    await waitUntilSilent(clock);
    expect(live.summaries().map(({ name, verdict }) => [name, verdict])).toEqual([["prod-a", "unknown"]]);
    const state = live.find("prod-a")?.state;
    expect(state?.members.map(({ name, agent }) => [name, agent.state])).toEqual([
      ["m1", "silent"],
      ["m2", "silent"],
      ["m3", "silent"],
    ]);
    expect(log.lines.filter(({ level }) => level !== "info")).toEqual([]);
  });

  it("knows a cluster that was heard a moment ago as it was", async () => {
    const { live } = await startAt(story.toMs + 2000);
    expect(live.find("prod-a")?.state.verdict).toBe("healthy");
  });

  it("knows a node that fell silent long before the others were last heard", async () => {
    const silentMs = story.fromMs - 40_000;
    const frames = story.frames.filter(
      ({ agent, frame }) => agent.node !== "m3" || frame.capturedAtMs <= silentMs,
    );
    const { live, clock } = await startAt(story.toMs + MINUTE_MS, frames);
    await waitUntilSilent(clock);
    const state = live.find("prod-a")?.state;
    expect(state?.members.find(({ name }) => name === "m3")?.agent).toMatchObject({
      state: "silent",
      lastSeen: new Date(silentMs).toISOString(),
    });
    const silent = state?.findings.filter(({ code }) => code === "AGENT_SILENT") ?? [];
    expect(silent.map(({ subject }) => subject.name)).toContain("m3");
  });

  it("does not list what is older than full resolution is kept", async () => {
    const { live, clock } = await startAt(story.toMs + 30 * HOUR_MS);
    await waitUntilSilent(clock);
    expect(live.summaries()).toEqual([]);
  });
});

/** A cluster at moments of the past: what looking at every second of the recorded frames comes to, asked for once. */
import { describe, expect, it } from "vitest";
import type { KnownNode } from "../../collector/capture/facts-at-start.ts";
import { evaluate, type Evaluation } from "../../collector/diagnosis/evaluate.ts";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { EMPTY_TRACKER } from "../../collector/diagnosis/track.ts";
import { createPastClusters } from "../../collector/past-clusters.ts";
import { LOOK_BACK_MS, WINDOW_MS, windowOf } from "../../collector/past-window.ts";
import { foldCluster } from "../../collector/view/fold.ts";
import type { ClusterFrames } from "../../collector/view/node-state.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { createManualClock } from "../agent/manual-clock.ts";
import { playStory } from "./capture/story.ts";

const story = playStory();

function select(fromMs: number, toMs: number): readonly ReceivedFrame[] {
  return story.frames.filter(({ frame }) => frame.capturedAtMs >= fromMs && frame.capturedAtMs < toMs);
}

function createPast(frames = select, startMs?: number, known: readonly KnownNode[] = []) {
  const clock = createManualClock(startMs);
  const asked: number[] = [];
  const past = createPastClusters({
    clock,
    thresholds: DEFAULT_THRESHOLDS,
    expectedVoters: () => undefined,
    readFrames: async (_cluster, fromMs, toMs) => {
      asked.push(toMs - 1);
      return frames(fromMs, toMs);
    },
    readFindings: async () => [],
    readFactsAt: async ({ atMs, silentSinceMs }) =>
      known.filter(({ lastHeardMs }) => lastHeardMs < Math.min(atMs, silentSinceMs)),
    forgottenAfterMs: Infinity,
  });
  return { past, asked, clock };
}

/** Every look told in full. */
function lookAtEverySecond(atMs: number): Evaluation {
  const frames = select(windowOf(atMs) - LOOK_BACK_MS, atMs + 1);
  const beginMs = frames[0]?.frame.capturedAtMs ?? 0;
  let folded: ClusterFrames = { cluster: "prod-a", nodes: new Map() };
  let tracker = EMPTY_TRACKER;
  const look = (nowMs: number): Evaluation => {
    const evaluation = evaluate(folded, tracker, {
      nowMs,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: undefined,
      collectorStartedAtMs: beginMs,
    });
    ({ tracker } = evaluation);
    return evaluation;
  };
  let lookMs = beginMs + 1000;
  for (const received of frames) {
    for (; received.frame.capturedAtMs >= lookMs; lookMs += 1000) {
      look(lookMs);
    }
    folded = foldCluster(folded, received);
  }
  for (; lookMs < atMs; lookMs += 1000) {
    look(lookMs);
  }
  return look(atMs);
}

describe("collector/past-clusters", () => {
  it("comes to what a full look at every second comes to, at any moment of an outage", async () => {
    const { past } = createPast();
    const verdicts = new Set<string>();
    for (let atMs = story.fromMs; atMs <= story.toMs; atMs += 2500) {
      const then = await past.at("prod-a", atMs);
      const full = lookAtEverySecond(atMs);
      verdicts.add(then?.state.verdict ?? "");
      expect(then?.state).toEqual(full.state);
      expect(then?.links).toEqual(full.links);
    }
    expect(verdicts.size).toBeGreaterThan(1);
  });

  it("looks once when a moment is asked for several times at once, and anew later", async () => {
    const { past, asked, clock } = createPast();
    const [one, other] = await Promise.all([past.at("prod-a", story.toMs), past.at("prod-a", story.toMs)]);
    expect(one).toBe(other);
    expect(asked).toEqual([story.toMs]);
    await clock.advance(20_000);
    await past.at("prod-a", story.toMs);
    expect(asked).toHaveLength(2);
  });

  it("answers the same in whatever order the moments are asked for", async () => {
    const { past, asked } = createPast(select, story.toMs + 3_600_000);
    const moments: number[] = [];
    for (let atMs = story.toMs; atMs >= story.fromMs; atMs -= 10_000) {
      // back and forth, as somebody who looks for the second at which it broke
      moments.push(atMs, atMs - 7_000, atMs - 3_500);
    }
    for (const atMs of moments.filter((one) => one >= story.fromMs)) {
      const then = await past.at("prod-a", atMs);
      const alone = await createPast().past.at("prod-a", atMs);
      expect(then?.state).toEqual(alone?.state);
      expect(then?.certificates).toEqual(alone?.certificates);
    }
    const windows = new Set(asked.map(windowOf));
    expect(asked).toHaveLength(windows.size);
  });

  it("reads the next minute ahead for who goes from moment to moment, once, and not beyond the present", async () => {
    const end = windowOf(story.toMs) + WINDOW_MS;
    const { past, asked } = createPast(select, end);
    const last = (fromMs: number): number => fromMs + WINDOW_MS - 1;
    await past.at("prod-a", end - 5_000);
    expect(asked).toEqual([end - 1]);
    await past.at("prod-a", end - 15_000);
    await expect.poll(() => asked).toEqual([end - 1, last(end - 2 * WINDOW_MS)]);
    let atMs = end - WINDOW_MS;
    await expect
      .poll(async () => {
        atMs -= 100;
        await past.at("prod-a", atMs);
        return asked;
      })
      .toEqual([end - 1, last(end - 2 * WINDOW_MS), last(end - 3 * WINDOW_MS)]);
    // and forward again there is nothing that was not read, nor anything to come
    await past.at("prod-a", end - 20_000);
    await past.at("prod-a", end - 10_000);
    expect(asked).toHaveLength(3);
  });

  it("reads the present minute again for a moment that was not there yet", async () => {
    const startMs = windowOf(story.toMs) + 5_000;
    const { past, asked, clock } = createPast(select, startMs);
    await past.at("prod-a", startMs - 2_000);
    await clock.advance(4_000);
    await past.at("prod-a", startMs + 1_000);
    expect(asked).toEqual([startMs, startMs + 4_000]);
  });

  it("knows a node that fell silent long before by what held on it then", async () => {
    const m3 = story.frames.filter(({ agent }) => agent.node === "m3");
    const last = m3.find(({ frame }) => frame.keyframe);
    if (last === undefined) {
      throw new Error("Expected a keyframe");
    }
    const lastHeardMs = last.frame.capturedAtMs - 600_000;
    const known: KnownNode = {
      node: "m3",
      lastHeardMs,
      last: { ...last, receivedAtMs: lastHeardMs, frame: { ...last.frame, capturedAtMs: lastHeardMs } },
      facts: last.frame.facts.map((fact) => ({ sinceMs: lastHeardMs, fact })),
    };
    const { past } = createPast(
      (fromMs, toMs) => select(fromMs, toMs).filter(({ agent }) => agent.node !== "m3"),
      story.toMs,
      [known],
    );
    const states = [story.toMs - 500, story.toMs, story.toMs - 700].map(
      async (atMs) => (await past.at("prod-a", atMs))?.state,
    );
    for (const state of await Promise.all(states)) {
      expect(state?.members.find(({ name }) => name === "m3")?.agent).toMatchObject({
        state: "silent",
        lastSeen: new Date(lastHeardMs).toISOString(),
      });
      expect(state?.findings.map(({ code, subject }) => `${code} ${subject.name}`)).toContain(
        "AGENT_SILENT m3",
      );
    }
  });

  it("knows nothing of a time without frames, and asks again after a failure", async () => {
    let isBroken = true;
    const { past } = createPast(() => {
      if (isBroken) {
        throw new Error("Expected a history");
      }
      return [];
    });
    await expect(past.at("prod-a", story.toMs)).rejects.toThrow("Expected a history");
    isBroken = false;
    expect(await past.at("prod-a", story.toMs)).toBeUndefined();
  });
});

/** Nothing that was acknowledged is ever lost, and nothing is there twice: real collectors and agents, killed and brought back. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createHistory } from "../../collector/history/history.ts";
import { systemClock } from "../../shared/clock.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { ClusterState } from "../../shared/rest.ts";
import { createTestLog } from "../collector/ingest/test-frames.ts";
import { runCrashRounds } from "../lab/crash-rounds.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster } from "../lab/etcd-cluster.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack } from "../lab/stack.ts";
import { waitFor } from "../lab/wait-for.ts";

/** Frames go to disk when they have waited for ten seconds. */
const AWAY_MS = 14_000;

async function readHistory(dir: string): Promise<readonly ReceivedFrame[]> {
  const history = createHistory({
    path: join(dir, "stack/collector/history.db"),
    rawMs: 1e13,
    maxBytes: 1e12,
    clock: systemClock,
    log: createTestLog(),
  });
  await history.start();
  try {
    return await history.framesSince(0);
  } finally {
    await history.close();
  }
}

function keptFiles(dir: string, node: string): readonly string[] {
  return readdirSync(join(dir, `stack/agent-${node}/spool`)).filter((name) => name.endsWith(".spool"));
}

function isWell({ verdict, members }: ClusterState): boolean {
  return verdict === "healthy" && members.every(({ agent }) => agent.state === "online");
}

describe("test/integration/delivery", () => {
  it("survives kill -9 of the collector and of the agent, under load and in the middle of an absence", async () => {
    const dir = await createRunFolder();
    const rounds: string[] = [];
    const result = await runCrashRounds({
      dir: join(dir, "crash"),
      rounds: 5,
      framesPerSecond: 50,
      log: (line) => rounds.push(line),
    });
    expect(rounds).toHaveLength(5);
    expect(result).toMatchObject({ missing: 0, duplicates: 0 });
    expect(result.acknowledged).toBeGreaterThan(200);
    expect(result.keptStreams).toBeGreaterThan(0);
    await removeFolderWithMounts(dir);
  });

  it("has what the agents of a real cluster saw while the collector was away, also of an agent that was killed meanwhile", async ({
    skip,
  }) => {
    const binaries = await ensureEtcd("3.5");
    if (binaries.kind === "unavailable") {
      skip(binaries.because);
      return;
    }
    const dir = await createRunFolder();
    const members = ["m1", "m2", "m3"].map((name) => ({ name }));
    const etcd = await createEtcdCluster({ binaries, dir: join(dir, "etcd"), members });
    const stack = await createStack({ dir: join(dir, "stack"), etcd });
    try {
      await etcd.start();
      await etcd.waitHealthy();
      await stack.start();
      const nothingWaits = (): boolean => members.every(({ name }) => keptFiles(dir, name).length === 0);
      await stack.waitFor(
        "the cluster is healthy, and nothing waits",
        (now) => isWell(now) && nothingWaits(),
        {
          timeoutMs: 60_000,
        },
      );
      const awayFromMs = Date.now();
      await stack.collector.kill("SIGKILL");
      await waitFor(
        "every agent keeps frames",
        () => members.every(({ name }) => keptFiles(dir, name).length > 0),
        {
          timeoutMs: 60_000,
        },
      );
      await stack.agent("m2").kill("SIGKILL");
      await stack.agent("m2").start();
      await delay(Math.max(0, AWAY_MS - (Date.now() - awayFromMs)));
      await stack.collector.start();
      const backMs = Date.now();
      await stack.waitFor(
        "the cluster is healthy, nothing waits, and nothing is found any more",
        (now) => isWell(now) && nothingWaits() && now.findings.every(({ status }) => status !== "active"),
        { timeoutMs: 60_000 },
      );
      await stack.stopAll();
      const frames = await readHistory(dir);
      for (const { name } of members) {
        const ofNode = frames.filter(({ agent }) => agent.node === name);
        const away = ofNode.filter(
          ({ frame }) => frame.capturedAtMs > awayFromMs && frame.capturedAtMs < backMs,
        );
        // about one a second; of the agent that was killed those are missing that were still in memory
        expect(away.length, name).toBeGreaterThan(name === "m2" ? 4 : 12);
        const ids = ofNode.map(({ instanceId, frame }) => `${instanceId} ${frame.sequence}`);
        expect(new Set(ids).size).toBe(ids.length);
        if (name !== "m2") {
          const sequences = ofNode
            .map(({ frame }) => Number(frame.sequence))
            .sort((one, other) => one - other);
          expect(sequences, name).toEqual(sequences.map((_, i) => i + 1));
        }
      }
    } finally {
      await stack.stopAll();
      await etcd.stopAll();
      await removeFolderWithMounts(dir);
    }
  });
});

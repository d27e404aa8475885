/**
 * DESIGN.md "Unseen": a healthy etcd must not log one line because of us. Ten minutes beside three agents, and the
 * closing of their connections; both versions at the same time. Takes ten minutes by its nature, so it runs beside the
 * other tests on real things, which keep the machine busy: what etcd says of a slow machine is not said because of us.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureEtcd, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack, type Stack } from "../lab/stack.ts";

const BESIDE_MS = 10 * 60_000;
const STARTS_WITHIN_MS = 120_000;
/**
 * What etcd 3.4 and 3.5 print when the disk or the processor is late; nothing that a client or a peer could cause alone. A trace is
 * what 3.5 prints of any request, its own included, that took longer than 100 ms.
 */
const SLOW_MACHINE =
  /took too long|traceutil\/trace\.go|slow fdatasync|failed to send out heartbeat on time|waiting for ReadIndex response took too long|ignored out-of-date read index response/;
/** etcd says something at each of its own compactions and snapshots; none falls into ten idle minutes. */
const VERSIONS: readonly EtcdVersion[] = ["3.4", "3.5"];

interface Beside {
  readonly version: EtcdVersion;
  readonly dir: string;
  readonly etcd: EtcdCluster;
  readonly stack: Stack;
}

async function start(version: EtcdVersion): Promise<Beside | string> {
  const binaries = await ensureEtcd(version);
  if (binaries.kind === "unavailable") {
    return binaries.because;
  }
  const dir = await createRunFolder();
  const etcd = await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: ["m1", "m2", "m3"].map((name) => ({ name })),
  });
  await etcd.start();
  await etcd.waitHealthy();
  const stack = await createStack({ dir: join(dir, "stack"), etcd });
  return { version, dir, etcd, stack };
}

function readLogs(beside: Beside): ReadonlyMap<string, number> {
  return new Map(beside.etcd.members.map((member) => [member.name, readFileSync(member.logPath).length]));
}

/** What the members logged since the given lengths. */
function newLines(beside: Beside, since: ReadonlyMap<string, number>): readonly string[] {
  return beside.etcd.members.flatMap((member) =>
    readFileSync(member.logPath)
      .subarray(since.get(member.name) ?? 0)
      .toString()
      .split("\n")
      .filter((line) => line.trim() !== "" && !SLOW_MACHINE.test(line))
      .map((line) => `${member.name}: ${line}`),
  );
}

describe("test/integration/unseen", () => {
  const running: Beside[] = [];
  const skipped: string[] = [];

  beforeAll(async () => {
    for (const version of VERSIONS) {
      const started = await start(version);
      if (typeof started === "string") {
        skipped.push(started);
      } else {
        running.push(started);
      }
    }
  }, STARTS_WITHIN_MS);

  afterAll(async () => {
    for (const beside of running) {
      await beside.stack.stopAll();
      await beside.etcd.stopAll();
      await removeFolderWithMounts(beside.dir);
    }
  }, STARTS_WITHIN_MS);

  it(
    "leaves no line in a healthy etcd's log, in ten minutes and at the agents' end",
    async (context) => {
      if (skipped.length > 0) {
        context.skip(skipped.join("; "));
      }
      // What etcd says of the lab's own health checks is over before the agents come.
      await delay(3_000);
      const before = running.map(readLogs);
      for (const beside of running) {
        await beside.stack.start();
        await beside.stack.waitFor("the verdict is healthy", (state) => state.verdict === "healthy", {
          timeoutMs: 60_000,
        });
      }
      await delay(BESIDE_MS);
      for (const [index, beside] of running.entries()) {
        const state = await beside.stack.state();
        expect(state.verdict, beside.version).toBe("healthy");
        expect(
          newLines(beside, before[index] ?? new Map()),
          `etcd ${beside.version}, beside the agents`,
        ).toEqual([]);
      }
      for (const [index, beside] of running.entries()) {
        await beside.stack.stopAll();
        expect(
          newLines(beside, before[index] ?? new Map()),
          `etcd ${beside.version}, after the agents`,
        ).toEqual([]);
      }
    },
    BESIDE_MS + 240_000,
  );
});

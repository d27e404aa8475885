/**
 * Real disks that fill up or get slow, and a real quota that is used up: what is found, how soon, with which root cause,
 * and that it is over after healing. Two clusters side by side. Needs root (loop mounts, namespaces).
 */
import { describe, expect } from "vitest";
import { createDiskThrottle } from "../lab/disk-throttle.ts";
import type { EtcdMember } from "../lab/etcd-member.ts";
import { describeState, findActive, listRootCauses } from "../lab/stack.ts";
import { startWrites } from "../lab/write-load.ts";
import { followersOf, seen, stateOf, story, watch, watchCauses } from "./story.ts";
import type { WatchedCluster } from "./watched-cluster.ts";

const MIB = 1024 * 1024;
/** Two intervals of etcd's histogram, and the one under way. */
const MEASURED_WITHIN_MS = 45_000;
/** Quiet time of the slowest finding, and what it takes to measure that all is well. */
const QUIET_WITHIN_MS = 75_000;
/** etcd takes 64 to 128 MiB for its WAL at once. */
const DISK_BYTES = 400 * MIB;
const QUOTA_BYTES = 16 * MIB;
const VALUE = "v".repeat(300_000);

function diskOf(on: WatchedCluster, member: EtcdMember): NonNullable<ReturnType<typeof on.disks.get>> {
  const disk = on.disks.get(member.name);
  if (disk === undefined) {
    throw new Error(`Expected ${member.name} to have a disk of its own`);
  }
  return disk;
}

/** Large values until etcd refuses or has died of them. */
async function writeUntil(on: WatchedCluster, isEnough: () => Promise<boolean>): Promise<void> {
  for (let count = 0; count < 200 && !(await isEnough()); count += 1) {
    const urls = on.etcd.members.filter((member) => member.isRunning()).map(({ clientUrl }) => clientUrl);
    await on.etcd.etcdctl.run(urls, ["put", `/large/${count}`], VALUE);
  }
}

async function readDbBytes(on: WatchedCluster): Promise<number> {
  const url = on.etcd.members[0]?.clientUrl ?? "";
  const said = await on.etcd.etcdctl.run([url], ["endpoint", "status", "--write-out=json"]);
  return Number(/"dbSize":(\d+)/.exec(said.stdout)?.[1] ?? 0);
}

/** As the runbook has it: compact, defragment one member at a time, then disarm. */
async function healQuota(on: WatchedCluster): Promise<void> {
  const urls = on.etcd.members.map(({ clientUrl }) => clientUrl);
  async function must(endpoints: readonly string[], ...args: readonly string[]): Promise<string> {
    const said = await on.etcd.etcdctl.run(endpoints, args);
    if (!said.ok) {
      throw new Error(`etcdctl ${args.join(" ")} failed: ${said.stderr}`);
    }
    return said.stdout;
  }
  // Deletes are let through under the alarm.
  await must(urls, "del", "/large/", "--prefix");
  const revision = /"revision":(\d+)/.exec(await must(urls, "get", "none", "--write-out=json"))?.[1] ?? "";
  await must(urls, "compact", revision, "--physical");
  for (const url of urls) {
    await must([url], "defrag", "--command-timeout=20s");
  }
  await must(urls, "alarm", "disarm");
}

describe.concurrent("test/integration/storage", () => {
  describe("a disk that fills up, then a quota that is used up", () => {
    const watched = watch({
      version: "3.5",
      diskBytes: DISK_BYTES,
      flags: { "quota-backend-bytes": String(QUOTA_BYTES) },
    });

    story(
      "is told before it is full, within 5 s of being full, and is the cause of etcd's death",
      watched,
      async (on) => {
        const [victim] = await followersOf(on);
        const disk = diskOf(on, victim);
        const causes = watchCauses(on);
        try {
          await disk.fill(24 * MIB);
          const near = await seen(
            on,
            "DISK_NEARLY_FULL is found",
            (state) => findActive(state, "DISK_NEARLY_FULL", victim.name) !== undefined,
          );
          expect(near.verdict).toBe("healthy");
          expect(listRootCauses(near)).toEqual([`DISK_NEARLY_FULL ${victim.name}`]);

          disk.free();
          await disk.fill();
          const full = await seen(
            on,
            "DISK_FULL is found",
            (state) => findActive(state, "DISK_FULL", victim.name) !== undefined,
          );
          expect(full.verdict).toBe("degraded");
          expect(stateOf(full, victim.name)).toBe("serving");
          expect(listRootCauses(full)).toEqual([`DISK_FULL ${victim.name}`]);

          await writeUntil(on, async () => await Promise.resolve(!victim.isRunning()));
          const dead = await seen(
            on,
            "MEMBER_DOWN is found",
            (state) =>
              findActive(state, "MEMBER_DOWN", victim.name) !== undefined && state.verdict === "at-risk",
          );
          expect(stateOf(dead, victim.name)).toBe("down");
          expect(dead.quorum).toMatchObject({ serving: 2, tolerance: 0 });
          expect(listRootCauses(dead)).toEqual([`DISK_FULL ${victim.name}`]);
        } finally {
          disk.free();
          await victim.start();
        }
        await on.waitQuiet(QUIET_WITHIN_MS);
        expect(await causes.stop()).toEqual([`DISK_FULL ${victim.name}`, `DISK_NEARLY_FULL ${victim.name}`]);
      },
    );

    story(
      "tells the quota before it is used up, the alarm at once, and the end of both",
      watched,
      async (on) => {
        const urls = on.etcd.members.map(({ clientUrl }) => clientUrl);
        await writeUntil(on, async () => (await readDbBytes(on)) > 0.8 * QUOTA_BYTES);
        const near = await seen(
          on,
          "QUOTA_NEAR is found",
          (state) => findActive(state, "QUOTA_NEAR") !== undefined,
        );
        expect(near.verdict, describeState(near)).toBe("healthy");
        expect(listRootCauses(near).filter((cause) => !cause.startsWith("QUOTA_NEAR "))).toEqual([]);

        await writeUntil(on, async () => {
          const listed = await on.etcd.etcdctl.run(urls, ["alarm", "list"]);
          return listed.stdout.includes("NOSPACE");
        });
        const exceeded = await seen(
          on,
          "QUOTA_EXCEEDED is found",
          (state) => findActive(state, "QUOTA_EXCEEDED") !== undefined,
        );
        expect(exceeded.verdict).toBe("degraded");
        expect(listRootCauses(exceeded).filter((cause) => !cause.startsWith("QUOTA_EXCEEDED "))).toEqual([]);

        await healQuota(on);
        await on.waitQuiet(QUIET_WITHIN_MS);
      },
    );
  });

  describe("a slow disk", () => {
    const watched = watch({
      version: "3.4",
      diskBytes: DISK_BYTES,
      // The slow disk is measured over intervals of this; nothing here is to be found within 5 s by them.
      stack: { agentConfig: { intervals: { fast: "1s", normal: "4s", slow: "60s" } } },
    });

    story("finds the slow disk by etcd's histogram and a second witness", watched, async (on, skip) => {
      const [victim] = await followersOf(on);
      const throttle = createDiskThrottle(diskOf(on, victim));
      if (throttle.kind === "unavailable") {
        skip(throttle.because);
        return;
      }
      const writes = startWrites(on.etcd);
      const causes = watchCauses(on);
      try {
        throttle.slow(25);
        const { state } = await on.stack.waitFor(
          "DISK_SLOW is found",
          (now) => findActive(now, "DISK_SLOW", victim.name) !== undefined,
          { timeoutMs: MEASURED_WITHIN_MS },
        );
        expect(state.verdict).toBe("degraded");
        expect(listRootCauses(state)).toEqual([`DISK_SLOW ${victim.name}`]);
        throttle.restore();
        await on.waitQuiet(QUIET_WITHIN_MS);
      } finally {
        throttle.restore();
        await writes.stop();
      }
      expect(await causes.stop()).toEqual([`DISK_SLOW ${victim.name}`]);
    });
  });
});

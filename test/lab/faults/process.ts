/** etcd's process dies, hangs, or gets too little of its machine. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import { unavailable } from "../availability.ts";
import { createGroup, hasController } from "../control-group.ts";
import type { EtcdMember } from "../etcd-member.ts";
import { pickFollower, pickLeader, supervise, urlsOf, type Fault, type PreparedFault } from "../fault.ts";
import { mustRun } from "../run-command.ts";
import { waitFor } from "../wait-for.ts";

type Pick = (on: WatchedCluster) => Promise<EtcdMember>;

async function crash(on: WatchedCluster, pick: Pick): Promise<PreparedFault> {
  const member = await pick(on);
  return {
    story: `kill -9 of etcd on ${member.name}`,
    causes: [`MEMBER_DOWN ${member.name}`],
    verdicts: ["at-risk"],
    inject: async () => await member.kill("SIGKILL"),
    heal: async () => await member.start(),
  };
}

async function hang(on: WatchedCluster, pick: Pick): Promise<PreparedFault> {
  const member = await pick(on);
  return {
    story: `SIGSTOP to etcd on ${member.name}`,
    causes: [`PROCESS_STOPPED ${member.name}`],
    verdicts: ["at-risk"],
    inject: async () => await Promise.resolve(member.stop()),
    heal: async () => await Promise.resolve(member.cont()),
  };
}

export const PROCESS_FAULTS: readonly Fault[] = [
  { name: "crash-follower", isShort: true, prepare: async (on) => await crash(on, pickFollower) },
  { name: "crash-leader", isShort: true, prepare: async (on) => await crash(on, pickLeader) },
  {
    name: "crash-two",
    isShort: true,
    prepare: async (on) => {
      const victims = [await pickLeader(on), await pickFollower(on)];
      return {
        story: `kill -9 of etcd on ${victims.map(({ name }) => name).join(" and ")}`,
        causes: victims.map(({ name }) => `MEMBER_DOWN ${name}`),
        verdicts: ["quorum-lost"],
        inject: async () => void (await Promise.all(victims.map((member) => member.kill("SIGKILL")))),
        heal: async () => void (await Promise.all(victims.map((member) => member.start()))),
      };
    },
  },
  { name: "hang-follower", isShort: true, prepare: async (on) => await hang(on, pickFollower) },
  { name: "hang-leader", leavesTrace: true, prepare: async (on) => await hang(on, pickLeader) },
  {
    name: "oom-kill",
    quietWithinMs: 120_000,
    // The kill is told for as long as it explains restarts.
    spoils: true,
    prepare: async (on) => {
      if (!hasController("memory")) {
        return unavailable("needs the memory controller of cgroup v1");
      }
      const member = await pickFollower(on);
      const group = createGroup("memory", member);
      return {
        story: `etcd of ${member.name} gets a memory limit below what it needs`,
        causes: [`OOM_KILLED ${member.name}`],
        also: [`MEMORY_PRESSURE ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          writeFileSync(join(group.path, "memory.limit_in_bytes"), "40M");
          writeFileSync(join(group.path, "cgroup.procs"), String(member.pid));
          const value = "x".repeat(1_000_000);
          for (let count = 0; count < 200 && member.isRunning(); count += 1) {
            await on.etcd.etcdctl.run(urlsOf(on), ["put", `/large/${count % 20}`], value);
          }
        },
        untilVisible: async () =>
          void (await waitFor("the kernel kills it", () => !member.isRunning(), { timeoutMs: 30_000 })),
        heal: async () => {
          await member.kill();
          group.remove();
          await member.start();
        },
      };
    },
  },
  {
    name: "cpu-starved",
    causeWithinMs: 30_000,
    quietWithinMs: 120_000,
    prepare: async (on) => {
      if (!hasController("cpu")) {
        return unavailable("needs the cpu controller of cgroup v1");
      }
      const member = await pickFollower(on);
      const group = createGroup("cpu", member);
      return {
        story: `etcd of ${member.name} gets 2 % of one CPU`,
        causes: [`CPU_STARVED ${member.name}`],
        verdicts: ["healthy", "degraded", "at-risk"],
        inject: async () => {
          writeFileSync(join(group.path, "cpu.cfs_quota_us"), "2000");
          writeFileSync(join(group.path, "cgroup.procs"), String(member.pid));
          await Promise.resolve();
        },
        heal: async () => await Promise.resolve(group.remove()),
      };
    },
  },
  {
    name: "file-descriptors",
    causeWithinMs: 70_000,
    quietWithinMs: 120_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const limits = await mustRun([
        "prlimit",
        "--pid",
        String(member.pid),
        "--nofile",
        "--noheadings",
        "--output=SOFT",
      ]);
      return {
        story: `etcd of ${member.name} may open hardly more files than it has open`,
        causes: [`FD_NEAR_LIMIT ${member.name}`],
        verdicts: ["healthy", "degraded"],
        inject: async () => {
          const open = readdirSync(`/proc/${member.pid}/fd`).length;
          await mustRun(["prlimit", "--pid", String(member.pid), `--nofile=${open + 3}:`]);
        },
        heal: async () =>
          void (await mustRun(["prlimit", "--pid", String(member.pid), `--nofile=${limits.trim()}:`])),
      };
    },
  },
  {
    name: "leader-moved-often",
    quietWithinMs: 400_000,
    spoils: true,
    prepare: async (on) => {
      return await Promise.resolve({
        story: "the leader is moved by hand, three times within half a minute",
        causes: ["LEADER_FLAPPING"],
        verdicts: ["healthy", "degraded"],
        inject: async () => {
          for (let turn = 0; turn < 3; turn += 1) {
            const [leader, follower] = [await pickLeader(on), await pickFollower(on)];
            const status = await on.etcd.etcdctl.status(follower.clientUrl);
            await on.etcd.etcdctl.run([leader.clientUrl], ["move-leader", status?.memberId ?? ""]);
            await waitFor("it is moved", async () => (await on.etcd.leader()) !== leader, {
              timeoutMs: 10_000,
            });
            await waitFor(
              "it is seen",
              async () => (await on.stack.state()).leader?.member === (await on.etcd.leader())?.name,
              { timeoutMs: 10_000 },
            );
          }
        },
        heal: async () => await Promise.resolve(),
      });
    },
  },
  {
    name: "leader-flapping",
    spoils: true,
    causeWithinMs: 40_000,
    prepare: async (on) => {
      const paused = new Set<EtcdMember>();
      return await Promise.resolve({
        story: "whoever leads is paused for 2.5 s, four times",
        causes: ["PROCESS_STOPPED|LEADER_FLAPPING"],
        also: ["PROCESS_STOPPED", "LEADER_FLAPPING"],
        findings: ["LEADER_FLAPPING"],
        verdicts: ["healthy", "degraded", "at-risk", "no-leader"],
        inject: async () => {
          for (let turn = 0; turn < 4; turn += 1) {
            const leader = await pickLeader(on);
            paused.add(leader);
            leader.stop();
            await waitFor(
              "another one leads",
              async () => {
                const now = await on.etcd.leader();
                return now !== undefined && now !== leader;
              },
              { timeoutMs: 15_000 },
            );
            leader.cont();
            await waitFor("it answers again", async () => await on.etcd.etcdctl.isHealthy(leader.clientUrl), {
              timeoutMs: 15_000,
            });
          }
        },
        heal: async () => {
          paused.forEach((member) => member.cont());
          await Promise.resolve();
        },
      });
    },
  },
  {
    name: "crash-loop",
    spoils: true,
    causeWithinMs: 20_000,
    prepare: async (on) => {
      const member = await pickFollower(on);
      let supervisor: ReturnType<typeof supervise> | undefined;
      return {
        story: `etcd of ${member.name} is killed at each of its starts`,
        causes: [`CRASH_LOOP ${member.name}`],
        also: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          supervisor = supervise(member);
          for (let turn = 0; turn < 4; turn += 1) {
            await waitFor("it runs", () => member.isRunning(), { timeoutMs: 10_000 });
            await delay(1500);
            await member.kill();
          }
        },
        heal: async () => {
          await supervisor?.stop();
          await member.start();
        },
      };
    },
  },
];

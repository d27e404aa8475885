/** The watchers themselves, and two faults at once. */
import type { WatchedCluster } from "../../integration/watched-cluster.ts";
import { ageMs, pickFollower, othersOf, type Fault } from "../fault.ts";
import { findActive } from "../stack.ts";
import { waitFor } from "../wait-for.ts";

const EXPIRED = { notBefore: new Date("2025-01-01"), notAfter: new Date("2026-01-01") };

/** After its own start the collector gives agents ten seconds to come. */
async function untilAgentsMustHaveCome(on: WatchedCluster): Promise<void> {
  await waitFor("the collector has started long ago", () => ageMs(on.stack.collector.pid) > 12_000, {
    timeoutMs: 30_000,
  });
}

export const OBSERVATION_FAULTS: readonly Fault[] = [
  {
    name: "agent-killed",
    isShort: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      const agent = on.stack.agent(member.name);
      await untilAgentsMustHaveCome(on);
      return {
        story: `the agent of ${member.name} is killed; its etcd is well`,
        causes: [`AGENT_SILENT ${member.name}`],
        verdicts: ["healthy"],
        inject: async () => await agent.kill("SIGKILL"),
        heal: async () => await agent.start(),
      };
    },
  },
  {
    name: "agent-cut-off",
    prepare: async (on) => {
      const member = await pickFollower(on);
      await untilAgentsMustHaveCome(on);
      return {
        story: `${member.name}'s node does not reach the collector; its etcd is well`,
        causes: [`AGENT_SILENT ${member.name}`],
        verdicts: ["healthy"],
        inject: async () => await on.network.partition(member.name, ["collector"]),
        heal: async () => await on.network.heal(member.name),
      };
    },
  },
  {
    name: "collector-restarted",
    leavesTrace: true,
    prepare: async (on) => {
      const member = await pickFollower(on);
      return {
        story: `etcd of ${member.name} is killed, and the collector while it is away`,
        causes: [`MEMBER_DOWN ${member.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await member.kill("SIGKILL");
          await on.stack.waitFor(
            "the member is missed",
            (state) => findActive(state, "MEMBER_DOWN", member.name) !== undefined,
            { timeoutMs: 20_000 },
          );
          await on.stack.collector.kill("SIGKILL");
          await on.stack.collector.start();
        },
        untilVisible: async () => {
          await on.stack.waitFor("the collector answers", () => true, { timeoutMs: 20_000 });
        },
        heal: async () => await member.start(),
      };
    },
  },
  {
    name: "disk-full-and-certificate-expired",
    leavesTrace: true,
    prepare: async (on) => {
      const one = await pickFollower(on);
      const other = on.etcd.member(othersOf(on, one)[0] ?? "");
      const disk = on.disks.get(one.name);
      return {
        story: `the disk of ${one.name} fills up and an expired peer certificate comes to ${other.name}`,
        causes: [`DISK_FULL ${one.name}`, `CERT_EXPIRED ${other.name}`],
        verdicts: ["degraded", "at-risk"],
        inject: async () => {
          await on.etcd.pki.reissueMember(other.identity, "peer", EXPIRED);
          await disk?.fill();
        },
        heal: async () => {
          disk?.free();
          await on.etcd.pki.reissueMember(other.identity, "peer");
          await one.start();
        },
      };
    },
  },
  {
    name: "crash-during-rolling-restart",
    leavesTrace: true,
    prepare: async (on) => {
      const one = await pickFollower(on);
      const other = on.etcd.member(othersOf(on, one)[0] ?? "");
      return {
        story: `${other.name} is being restarted when etcd of ${one.name} is killed`,
        causes: [`MEMBER_DOWN ${one.name}`],
        also: [`MEMBER_DOWN ${other.name}`],
        verdicts: ["at-risk"],
        inject: async () => {
          await other.kill("SIGTERM");
          await one.kill("SIGKILL");
          await other.start();
          await waitFor("the two serve", async () => await on.etcd.etcdctl.isHealthy(other.clientUrl), {
            timeoutMs: 30_000,
          });
        },
        heal: async () => await one.start(),
      };
    },
  },
];

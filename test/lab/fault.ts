/** What a fault of the lab is: how it is brought about, what must be said of it and what must not, and how it is healed. */
import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Verdict } from "../../shared/rest.ts";
import type { WatchedCluster } from "../integration/watched-cluster.ts";
import type { Unavailable } from "./availability.ts";
import type { EtcdVersion } from "./etcd-binaries.ts";
import type { EtcdMember, Flags } from "./etcd-member.ts";
import type { StackOptions } from "./stack.ts";
import { waitFor } from "./wait-for.ts";

/** What a cluster must have for a fault; faults that need the same share one. */
export interface FaultNeeds {
  readonly flags?: Flags;
  readonly stack?: Pick<StackOptions, "agentConfig" | "collectorConfig" | "backups">;
}

/** "CODE name", as listRootCauses tells it. A link's or cluster's cause may be told of any subject: "CODE". */
export type Cause = string;

/** A fault whose victims are chosen. */
export interface PreparedFault {
  /** What is done, as a sentence for people. */
  readonly story: string;
  /** All of them must be root causes; the first one told must be one of them. Alternatives are separated by "|". */
  readonly causes: readonly Cause[];
  readonly verdicts: readonly Verdict[];
  /** True as well, and no extra cause. */
  readonly also?: readonly Cause[];
  /** Codes that must be found, explained or not. */
  readonly findings?: readonly string[];
  readonly inject: () => Promise<void>;
  /** Settles when the effect is visible; the time begins there, else when inject() has settled. */
  readonly untilVisible?: () => Promise<void>;
  /** Ends the fault and whatever inject() left running; called once, also when something failed. */
  readonly heal: () => Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** One of the ten that are run with every change. */
  readonly isShort?: true;
  readonly needs?: FaultNeeds;
  /** What it breaks cannot be healed, or not sooner than a new cluster is made. */
  readonly spoils?: true;
  /** Another member leads after it, or one was restarted: the next such fault would, rightly, be told as a leader that flaps or a crash loop. */
  readonly leavesTrace?: true;
  /** How long the product may take to name the cause of what builds up slowly, or is looked at rarely. */
  readonly causeWithinMs?: number;
  /** Longer than what is usual, for findings with a long quiet time. */
  readonly quietWithinMs?: number;
  readonly prepare: (on: WatchedCluster, version: EtcdVersion) => Promise<PreparedFault | Unavailable>;
}

export async function pickLeader(on: WatchedCluster): Promise<EtcdMember> {
  await waitFor("a leader", async () => (await on.etcd.leader()) !== undefined, { timeoutMs: 30_000 });
  const leader = await on.etcd.leader();
  if (leader === undefined) {
    throw new Error("No member leads");
  }
  return leader;
}

export async function pickFollower(on: WatchedCluster): Promise<EtcdMember> {
  const leader = await pickLeader(on);
  const [follower] = on.etcd.members.filter((member) => member !== leader && member.isRunning());
  if (follower === undefined) {
    throw new Error("No follower is running");
  }
  return follower;
}

export function othersOf(on: WatchedCluster, member: EtcdMember): readonly string[] {
  return on.etcd.members.map(({ name }) => name).filter((name) => name !== member.name);
}

/** The members' URLs that can be asked. */
export function urlsOf(on: WatchedCluster): readonly string[] {
  return on.etcd.members.filter((member) => member.isRunning()).map(({ clientUrl }) => clientUrl);
}

/** Of a process, since it was started. */
export function ageMs(pid: number): number {
  return Date.now() - statSync(`/proc/${pid}`).ctimeMs;
}

/** Starts a member again whenever it ends, as systemd and kubelet do. */
export function supervise(member: EtcdMember): { stop(): Promise<void> } {
  let isStopped = false;
  async function run(): Promise<void> {
    while (!isStopped) {
      await waitFor("it ends", () => isStopped || !member.isRunning(), { timeoutMs: 3_600_000 });
      if (!isStopped) {
        await delay(RESTART_PAUSE_MS);
      }
      if (!isStopped) {
        await member.start();
      }
    }
  }
  const running = run();
  return {
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}

/** As RestartSec of the usual unit files. */
const RESTART_PAUSE_MS = 2000;

/** What a scenario's world knows of each member and its agent; commands change it. */
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { FrameLoss, ProbeRunRecord } from "../../shared/frame.ts";

export interface WorldMember {
  readonly name: string;
  id: bigint;
  clusterId: bigint;
  isLearner: boolean;
  process: "running" | "absent" | "stopped" | "unseen";
  processSinceMs: number;
  startedAtMs: number;
  /** undefined: no agent on its node. */
  agent: WorldAgent | undefined;
  knows: string;
  term: bigint;
  errors: string[];
  reads: Map<string, string>;
  sizeBytes: number;
  version: string;
  /** Where its Status has what only etcd 3.6 tells. */
  since36: { storageVersion?: string; downgradeEnabled?: boolean; downgradeTarget?: string };
  /** Entries that it has not applied yet. */
  lag: number;
  /** The members on its own list; undefined: the cluster's. */
  ownList: ReadonlySet<string> | undefined;
  /** The tick since which nobody has written; undefined: somebody writes each second. */
  idleSince: number | undefined;
}

export interface WorldAgent {
  isHeard: boolean;
  /** Counts the agent's starts. */
  instance: number;
  sequence: bigint;
  /** How far its clock is ahead. */
  skewMs: number;
  /** Normal probes, sent as they are set, every tenth tick. */
  samples: Map<string, number>;
  /** With the next tick, whichever that is. */
  looksNow: boolean;
  /** By how much a sample grows each time that it is sent. */
  growth: Map<string, number>;
  /** Sent with the next frame. */
  events: {
    readonly kind: string;
    readonly attributes: Readonly<Record<string, string>>;
    /** When it happened; with the frame when absent. */
    readonly atMs?: number;
  }[];
  facts: Map<string, Fact>;
  sent: Map<string, Fact>;
  extraRuns: Map<string, ProbeRunRecord>;
  lastKnown: string;
  /** What its frames tell of losses, and of frames that are still to come. */
  loss: FrameLoss | undefined;
  waiting: number;
}

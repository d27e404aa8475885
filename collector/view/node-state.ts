/** What the collector holds of one node: the fold of its frames. Apart, because every later station reads it. */
import type { Event, Fact, MemberListFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { FrameLoss } from "../../shared/frame.ts";
import type { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { HeldRuns } from "./held-runs.ts";
import type { HeldSeries } from "./held-series.ts";

/** Every `…Ms` in a NodeState is the collector's clock: the node's own, corrected by its measured offset. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

export interface HeldFact {
  readonly fact: Fact;
  /** Since when this body holds. */
  readonly sinceMs: number;
  /** For a status: since when its leader and term are these, whatever else in it changed. */
  readonly leaderSinceMs: number;
}

/** The last run of one probe on one target, with what came before it. */
export interface RunState {
  readonly probe: string;
  readonly target: string;
  readonly outcome: Outcome;
  readonly endedAtMs: number;
  readonly durationMs: number;
  readonly errorCode: string;
  readonly errorText: string;
  readonly lastOkAtMs: number | undefined;
  /** End of the first of the failures in a row; undefined when the last run that ran was OK. */
  readonly failingSinceMs: number | undefined;
}

export interface HeldEvent {
  readonly atMs: number;
  readonly event: Event;
}

/** Membership as the node's member held it, with how far that member had applied the log then. */
export interface HeldMembership {
  readonly list: MemberListFact;
  readonly atMs: number;
  readonly term: bigint;
  /** Entries; 0 when it was not known. */
  readonly appliedIndex: number;
}

/** What outlives the facts: an agent that restarts beside a dead etcd no longer knows it. */
export interface Remembered {
  readonly ownName: string;
  /** 0n: not known. */
  readonly ownId: bigint;
  readonly membership: HeldMembership | undefined;
  /** Names in --initial-cluster, for a cluster whose member list was never seen. */
  readonly initialCluster: readonly string[];
  /** undefined: the flags were never seen. */
  readonly electionTimeoutMs: number | undefined;
}

/** Of a node that more frames are folded into, only the newest state can be read, and one that was kept (keepCluster). */
export interface NodeState {
  readonly cluster: string;
  readonly node: string;
  readonly instanceId: string;
  /** Capture of the first frame of this instance; 0: no other was heard before it. */
  readonly instanceSinceMs: number;
  /** Instances that a newer one replaced: their late frames are history only. */
  readonly retiredInstanceIds: readonly string[];
  readonly agentVersion: string;
  /** Of the newest frame of this instance. */
  readonly sequence: bigint;
  /** Capture of the newest frame. */
  readonly atMs: number;
  /** Receipt of the last frame of any age: that the agent is heard. */
  readonly lastReceivedAtMs: number;
  /** How far the node's clock is ahead of the collector's. */
  readonly clockOffsetMs: number;
  /** Measured by the stream; false: only the bound that no frame comes from the future. */
  readonly clockOffsetMeasured: boolean;
  /** undefined: not told. For display only: no conclusion may depend on what frames do not record. */
  readonly streamOpen: boolean | undefined;
  readonly droppedTotal: bigint;
  /** What the agent lately had to let go before it was here; undefined: nothing lately. */
  readonly loss: FrameLoss | undefined;
  /** Older frames that the agent had still to send when it took its newest. */
  readonly waiting: number;
  /** Since when there are such frames. */
  readonly waitingSinceMs: number | undefined;
  readonly facts: ReadonlyMap<string, HeldFact>;
  /** The latest points of the series that rules look back on, of the others the latest alone. */
  readonly series: HeldSeries;
  /** By runKey. */
  readonly runs: HeldRuns;
  /** Oldest first, of the last hour, bounded. */
  readonly events: readonly HeldEvent[];
  readonly remembered: Remembered;
}

/** Every node of one cluster by name. */
export interface ClusterFrames {
  readonly cluster: string;
  readonly nodes: ReadonlyMap<string, NodeState>;
}

/** By probe and target: written anew for each run of each frame, keys cost more than they are worth. */
const runKeys = new Map<string, Map<string, string>>();
let keptRunKeys = 0;
const MAX_RUN_KEYS = 50_000;

export function runKey(probe: string, target: string): string {
  const known = runKeys.get(probe)?.get(target);
  return known ?? keepRunKey(probe, target);
}

function keepRunKey(probe: string, target: string): string {
  if (keptRunKeys >= MAX_RUN_KEYS) {
    runKeys.clear();
    keptRunKeys = 0;
  }
  const key = `${probe}\n${target}`;
  const ofProbe = runKeys.get(probe) ?? new Map<string, string>();
  runKeys.set(probe, ofProbe.set(target, key));
  keptRunKeys += 1;
  return key;
}

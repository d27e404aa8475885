/**
 * What a probe is: one file that reads one thing on one node, and one line in registry.ts.
 *
 * A probe may read through the doors it is handed and nothing else: no child process, no write (the fsync probe's own
 * file excepted), no state outside what create() made for it. The scheduler gives every run its own time limit, never
 * runs the same probe and target twice at once, and turns a throw into data: an EtcdscopeError's reason and message
 * become the run's error. NOT_APPLICABLE means skipped ("nothing there"), TIMED_OUT timed out, the rest failed.
 */
import type { Event, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Sample } from "../../shared/frame.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { AgentConfig } from "../config.ts";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import type { EtcdDoor } from "../etcd/etcd-door.ts";
import type { HostDoor } from "../host/host-door.ts";

/** fast: every second, normal: every 10 s, slow: every 60 s, by default. */
export type Cadence = "fast" | "normal" | "slow";

/** What one run saw. */
export interface Observation {
  readonly samples?: readonly Sample[];
  /** Facts that hold from now on. One that equals the fact in force of the same key is not sent again. */
  readonly facts?: readonly Fact[];
  /** Keys of facts that no longer hold. */
  readonly removedFacts?: readonly string[];
  readonly events?: readonly Event[];
  /** Names of probes to run at once (all their targets), because what was seen makes their answer stale. */
  readonly trigger?: readonly string[];
  /** Run this target again after so long rather than at the next tick, because what was seen is about to be decided. */
  readonly againMs?: number;
  /** Leave this target out of the ticks of so long, because all is well and each look costs the other side. A trigger runs it all the same. */
  readonly restMs?: number;
}

/** What a run may use. */
export interface ProbeContext {
  readonly host: HostDoor;
  readonly etcd: EtcdDoor;
  /**
   * The etcd that this agent watches: the last one found, also when its process is gone; before the first, the one that would be
   * started here (configuredBy says so); undefined where neither is known.
   */
  readonly discovered: DiscoveredEtcd | undefined;
  readonly clock: Clock;
  /** Why there is no process to watch, in words; empty or absent when there is one. */
  readonly discoveryNote?: string;
  /** An etcd runs here, but which is meant, or what its flags are, is not known (yet): then nothing is said of one that does not. */
  readonly isUndecided?: boolean;
  /** Aborted when the run's time limit is over. */
  readonly signal: AbortSignal;
  /** The target of this run, "" where targets() is absent. */
  readonly target: string;
}

export interface Probe {
  /** Stable name, lower_snake_case: part of the wire. */
  readonly name: string;
  readonly cadence: Cadence;
  readonly timeLimitMs: number;
  /** What to look at, for example the names of the other members; absent: one target, "". At most 32. */
  readonly targets?: (context: Omit<ProbeContext, "signal" | "target">) => readonly string[];
  /** For a probe that keeps its own time instead of its cadence's; asked again after each run and when settings change. */
  readonly timing?: () => ProbeTiming;
  readonly run: (context: ProbeContext) => Promise<Observation>;
}

/** Runs when the wall clock is a multiple of intervalMs, plus phaseMs: agents with good clocks can keep out of each other's way. */
export interface ProbeTiming {
  readonly intervalMs: number;
  readonly phaseMs: number;
}

/** What a collector asks of the agent's probes; zero where it asks nothing. */
export interface ProbeSettings {
  readonly fsyncProbePhaseMs: number;
  readonly fsyncProbeMinIntervalMs: number;
  /** Compare what all members store once for each number larger than the last one. */
  readonly hashRound: bigint;
}

export interface KeptFiles {
  /** undefined: not there. */
  find(name: string): Promise<string | undefined>;
  replace(name: string, text: string): Promise<void>;
}

/** What a probe is made from, once, when the agent starts. Probes that keep something between runs keep it in here. */
export interface ProbeSetup {
  readonly config: AgentConfig;
  readonly log: Logger;
  /** What outlives the agent: small files of its own, written as a whole or not at all; absent: nothing does. */
  readonly positions?: KeptFiles;
  /** What the collectors ask at the moment; absent: nothing. */
  readonly settings?: () => ProbeSettings;
}

export type ProbeFactory = (setup: ProbeSetup) => Probe;

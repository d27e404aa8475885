/**
 * A frame as both sides handle it in memory: the wire's dictionaries resolved into names.
 * Encoding to and from the wire's numbered form is shared/frame-codec.ts.
 */
import type { Event, Fact } from "./gen/etcdscope/v1/fact_pb.js";
import type { Outcome } from "./gen/etcdscope/v1/stream_pb.js";

/** One value of one series at the frame's time. `key` is made by seriesKey. */
export interface Sample {
  readonly key: string;
  readonly value: number;
}

/** How one run of a probe ended. */
export interface ProbeRunRecord {
  readonly probe: string;
  /** What it looked at, for example a member's name; empty where there is one only. */
  readonly target: string;
  readonly outcome: Outcome;
  readonly durationUs: number;
  /** Stable reason when not OK ("refused", "timeout", …), else empty. */
  readonly errorCode: string;
  readonly errorText: string;
  /** Time from the end of the run to the capture of the frame. */
  readonly ageMs: number;
}

/** Clock of the node against the collector's. Positive: the node's clock is ahead. Known to half the round trip. */
export interface ClockOffset {
  readonly offsetUs: number;
  readonly roundTripUs: number;
}

/** Why an agent had to let frames go. */
export const LOSS_REASONS = ["spool_full", "too_old", "no_space", "not_writable", "damaged"] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Frames that the agent had to let go before the collector had them. */
export interface FrameLoss {
  readonly frames: number;
  /** Capture of the first and the last of them, by the node's clock. */
  readonly fromMs: number;
  readonly toMs: number;
  /** One of LOSS_REASONS, or what a newer agent says. */
  readonly reason: string;
}

/** Everything that an agent saw in one tick. */
export interface Frame {
  readonly sequence: bigint;
  /** Wall clock of the node, milliseconds since 1970 UTC. */
  readonly capturedAtMs: number;
  readonly monotonicUs: number;
  /** Holds every fact in force and the last run of every probe. */
  readonly keyframe: boolean;
  readonly samples: readonly Sample[];
  readonly facts: readonly Fact[];
  readonly events: readonly Event[];
  readonly probeRuns: readonly ProbeRunRecord[];
  readonly droppedTotal: bigint;
  readonly clockOffset: ClockOffset | undefined;
  /** What this collector will never get, told for a while after the loss. */
  readonly loss?: FrameLoss | undefined;
  /** Older frames that the agent still keeps for this collector. */
  readonly waiting?: number | undefined;
}

/** Who sent a frame, as the client certificate proved it. */
export interface AgentIdentity {
  readonly cluster: string;
  readonly node: string;
}

/** A frame as the collector holds it: with its sender and the collector's own time of receipt. */
export interface ReceivedFrame {
  readonly agent: AgentIdentity;
  readonly instanceId: string;
  readonly agentVersion: string;
  /** Collector's wall clock, milliseconds since 1970 UTC. */
  readonly receivedAtMs: number;
  readonly frame: Frame;
}

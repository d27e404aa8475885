/** The states, events and actions of a session with one collector, and the times that it keeps. */
import type { ClockOffset } from "../../shared/frame.ts";
import type { ConnectResponse, Settings } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import type { OffsetHistory } from "./clock-offset.ts";

export const SESSION_TIMES = {
  backoff: { firstMs: 250, maxMs: 5000 },
  /** After a refusal that trying again unchanged does not cure. */
  refusedRetryMs: 30_000,
  /** From opening the connection to the Welcome. */
  connectLimitMs: 5000,
  /** At a collector that was reached a later try waits longer: where a whole fleet comes back, its turn comes. */
  connectLimitMaxMs: 60_000,
  /** Silence after which the collector is asked for a sign of life; with held frames so much longer. More than the second between two acknowledgements. */
  pingAfterSilenceMs: 1250,
  /** Silence after which, a ping unanswered, the stream is taken for dead; with held frames so much longer. */
  deadAfterSilenceMs: 3000,
  /** But not longer than this: within 5 s a dead stream is not only noticed but replaced. */
  deadAtTheLatestMs: 4750,
  /** What an unanswered ping must have waited at least: a process that was stopped itself must not blame the stream. */
  pingAnswerMs: 1500,
  /** Between measurements of the clock offset: at first, and once there are enough. */
  offsetFirstMs: 1000,
  offsetSteadyMs: 10_000,
  offsetsBeforeSteady: 3,
} as const;

/** As long as a collector may ask that frames are held: a dead stream is replaced within 5 s all the same. */
export const MAX_HOLD_MS = 2000;

/** Frames sent and not acknowledged, at most. They stay in the queue meanwhile, which is what bounds their bytes. */
export const WINDOW_FRAMES = 20_000n;

interface Unbroken {
  /** Failures in a row since the last welcomed stream. */
  readonly attempt: number;
  /** The last failure that was logged, so that the same text is logged once. */
  readonly reportedFailure: string | undefined;
}

/** Not started, or stopped for good. */
export interface StoppedState extends Unbroken {
  readonly kind: "stopped";
}
/** No connection; the next try is at untilMs. */
export interface WaitingState extends Unbroken {
  readonly kind: "waiting";
  readonly untilMs: number;
}
/** A connection is being made and the Hello is on its way; left by a Welcome, a Refusal, an end or the time limit. */
export interface ConnectingState extends Unbroken {
  readonly kind: "connecting";
  readonly sinceMs: number;
  /** TCP is connected: somebody is there, who may be busy. */
  readonly isReached: boolean;
}
/** Welcomed: frames flow. */
export interface StreamingState extends Unbroken {
  readonly kind: "streaming";
  readonly lastHeardMs: number;
  readonly lastSent: bigint;
  readonly acknowledged: bigint;
  readonly lastPingId: bigint;
  readonly openPing: OpenPing | undefined;
  readonly nextOffsetPingMs: number;
  readonly offsets: OffsetHistory;
  /** How long frames may be held: for so long nothing is sent, and nothing heard. */
  readonly holdMs: number;
}
export type SessionState = StoppedState | WaitingState | ConnectingState | StreamingState;

export interface OpenPing {
  readonly id: bigint;
  readonly sentAtMs: number;
  readonly sentAtUnixMs: number;
}

export type SessionEvent =
  | { readonly kind: "started" }
  | { readonly kind: "stopped" }
  | { readonly kind: "ticked" }
  | { readonly kind: "reached" }
  | { readonly kind: "sent"; readonly sequence: bigint }
  | { readonly kind: "heard"; readonly message: ConnectResponse }
  /** The connection ended, or could not be made. */
  | { readonly kind: "ended"; readonly reason: string };

export interface Now {
  /** Monotonic, milliseconds with fraction. */
  readonly ms: number;
  /** Wall clock, for the pings. */
  readonly unixMs: number;
  /** In [0, 1). */
  readonly random: number;
}

export type SessionAction =
  | { readonly kind: "connect" }
  | { readonly kind: "disconnect" }
  | {
      readonly kind: "welcomed";
      /** What the collector has. */
      readonly held: readonly SequenceRange[];
      /** It takes frames out of order, and a stream of what was kept. */
      readonly takesKept: boolean;
      /** It takes several frames in one message. */
      readonly takesBatches: boolean;
      readonly collectorVersion: string;
    }
  | { readonly kind: "acknowledge"; readonly sequence: bigint }
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "ping"; readonly id: bigint; readonly sentAtUnixMs: number }
  | { readonly kind: "clockOffset"; readonly offset: ClockOffset }
  | {
      readonly kind: "reportRefusal";
      readonly reason: string;
      readonly text: string;
      readonly retryInMs: number;
    }
  | { readonly kind: "reportFailure"; readonly text: string };

export interface SessionStep {
  readonly state: SessionState;
  readonly actions: readonly SessionAction[];
}

export const INITIAL_SESSION: SessionState = { kind: "stopped", attempt: 0, reportedFailure: undefined };

/** What a soak asks of the process that holds its agents. Everything is JSON on the way. */
import type { IssuedAgent } from "../bench/issue-fleet.ts";
import type { Cut } from "../lab/cut-relay.ts";

export interface FleetSettings {
  /** For the spools, a folder each. */
  readonly dir: string;
  readonly collectorPort: number;
  readonly agents: readonly IssuedAgent[];
}

/** Which agents: so many of those that run, as the seed says. */
export interface Choice {
  readonly count: number;
  readonly seed: number;
}

export interface FleetLook {
  readonly agents: number;
  readonly streaming: number;
  /** Frames in memory and bytes on disk, of all agents, that the collector lacks. */
  readonly waitingFrames: number;
  readonly spoolBytes: number;
  readonly acknowledged: number;
  /** From the last sending of a frame to its acknowledgement, since forgetTimes. */
  readonly ackP50Ms: number | null;
  readonly ackP99Ms: number | null;
  /** What the agents logged as a warning or worse, by sentence. */
  readonly failures: Readonly<Record<string, number>>;
}

/** By run of an agent: the ranges, as text, that it was told to be durable. */
export type AcknowledgedRanges = readonly (readonly [string, readonly (readonly [string, string])[]])[];

export interface FleetCalls {
  start(settings: FleetSettings): Promise<void>;
  look(): FleetLook;
  forgetTimes(): void;
  /** How many connections were cut. */
  cut(order: Choice & { readonly how: Cut }): number;
  /** Resolves to how many, when they run again. */
  restart(
    order: Choice & {
      readonly how: "kill" | "stop";
      readonly bootsAnew: boolean;
      /** At most. */
      readonly awayMs: number;
    },
  ): Promise<number>;
  /** Of each that was chosen; resolves to how many frames that were. */
  flood(order: Choice & { readonly framesPerSecond: number; readonly forMs: number }): Promise<number>;
  endFrames(): void;
  acknowledged(): AcknowledgedRanges;
}

export interface FleetRequest {
  readonly id: number;
  readonly call: keyof FleetCalls;
  readonly input: unknown;
}

export interface FleetAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

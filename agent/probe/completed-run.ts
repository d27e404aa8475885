/** How a run of a probe ended: what the scheduler hands on, and frames are built from. */
import type { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Observation } from "./probe.ts";

/** A run of a probe that has ended, and what it saw. */
export interface CompletedRun {
  readonly probe: string;
  readonly target: string;
  readonly outcome: Outcome;
  readonly durationUs: number;
  /** Empty when OK. */
  readonly errorCode: string;
  readonly errorText: string;
  readonly observation: Observation;
}

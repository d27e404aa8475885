/**
 * The cluster as it was: recorded frames folded and evaluated in their order by the code that does it live. Looks are
 * one second apart, as live ones are at the least, so that hold times and leader gaps come out the same.
 */
import type { ReceivedFrame } from "../../shared/frame.ts";
import { foldCluster } from "../view/fold.ts";
import type { ClusterFrames } from "../view/node-state.ts";
import type { EvaluateOptions, Evaluation } from "./evaluate.ts";
import { evaluate } from "./evaluate.ts";
import type { Tracker } from "./track.ts";
import { EMPTY_TRACKER } from "./track.ts";

const LOOK_EVERY_MS = 1000;

export interface ReplayOptions extends Omit<EvaluateOptions, "nowMs" | "collectorStartedAtMs"> {
  readonly cluster: string;
  readonly atMs: number;
  /** What was active when the frames begin. */
  readonly tracker?: Tracker;
}

/** Frames by capture, oldest first, up to options.atMs; undefined when there are none. */
export function replay(frames: readonly ReceivedFrame[], options: ReplayOptions): Evaluation | undefined {
  const first = frames[0];
  if (first === undefined) {
    return undefined;
  }
  let folded: ClusterFrames = { cluster: options.cluster, nodes: new Map() };
  let tracker = options.tracker ?? EMPTY_TRACKER;
  let lookAtMs = first.frame.capturedAtMs + LOOK_EVERY_MS;
  const look = (nowMs: number): Evaluation =>
    evaluate(folded, tracker, { ...options, nowMs, collectorStartedAtMs: first.frame.capturedAtMs });
  for (const received of frames) {
    if (received.frame.capturedAtMs > options.atMs) {
      break;
    }
    while (received.frame.capturedAtMs >= lookAtMs) {
      tracker = look(lookAtMs).tracker;
      lookAtMs += LOOK_EVERY_MS;
    }
    folded = foldCluster(folded, received);
  }
  for (; lookAtMs < options.atMs; lookAtMs += LOOK_EVERY_MS) {
    tracker = look(lookAtMs).tracker;
  }
  return look(options.atMs);
}

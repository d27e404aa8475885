/**
 * The cluster as it was: recorded frames folded and evaluated in their order by the code that does it live. Looks are
 * one second apart, as live ones are at the least, so that hold times and leader gaps come out the same.
 */
import { placeMs } from "../../shared/frame-place.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { foldCluster } from "../view/fold.ts";
import type { ClusterFrames } from "../view/node-state.ts";
import type { EvaluateOptions, Evaluation } from "./evaluate.ts";
import { carryOn, evaluate } from "./evaluate.ts";
import type { Tracker } from "./track.ts";
import { EMPTY_TRACKER } from "./track.ts";

const LOOK_EVERY_MS = 1000;

export interface ReplayOptions extends Omit<EvaluateOptions, "nowMs" | "collectorStartedAtMs"> {
  readonly cluster: string;
  readonly atMs: number;
  /** What was active when the frames begin. */
  readonly tracker?: Tracker;
}

/** Frames by their place in time, oldest first, up to options.atMs; undefined when there are none. */
export function replay(frames: readonly ReceivedFrame[], options: ReplayOptions): Evaluation | undefined {
  const steps = replayInSteps(frames, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/** The same, a look at a time: a hundred and more in one go would hold up whoever waits for something else. */
export function* replayInSteps(
  frames: readonly ReceivedFrame[],
  options: ReplayOptions,
): Generator<undefined, Evaluation | undefined> {
  const first = frames[0];
  if (first === undefined) {
    return undefined;
  }
  const beginMs = placeMs(first.frame);
  let folded: ClusterFrames = { cluster: options.cluster, nodes: new Map() };
  let tracker = options.tracker ?? EMPTY_TRACKER;
  let lookAtMs = beginMs + LOOK_EVERY_MS;
  const at = (nowMs: number): EvaluateOptions => ({ ...options, nowMs, collectorStartedAtMs: beginMs });
  for (const received of frames) {
    const placedMs = placeMs(received.frame);
    if (placedMs > options.atMs) {
      break;
    }
    for (; placedMs >= lookAtMs; lookAtMs += LOOK_EVERY_MS) {
      tracker = carryOn(folded, tracker, at(lookAtMs));
      yield;
    }
    folded = foldCluster(folded, received);
  }
  for (; lookAtMs < options.atMs; lookAtMs += LOOK_EVERY_MS) {
    tracker = carryOn(folded, tracker, at(lookAtMs));
    yield;
  }
  return evaluate(folded, tracker, at(options.atMs));
}

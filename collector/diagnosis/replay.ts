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
  /** What was active when the frames begin. */
  readonly tracker?: Tracker;
  /** What was known then of nodes that were silent. */
  readonly silent?: ClusterFrames;
}

/** What the frames have come to between two looks. Once `folded` is kept, any number of moments can go on from it. */
export interface ReplayPoint {
  readonly folded: ClusterFrames;
  readonly tracker: Tracker;
  /** Place of the first frame that is not in it. */
  readonly next: number;
  /** Every look before this is made. */
  readonly lookAtMs: number;
}

/** Frames by their place in time, oldest first, up to atMs; undefined when there are none. */
export function replay(
  frames: readonly ReceivedFrame[],
  options: ReplayOptions & { readonly atMs: number },
): Evaluation | undefined {
  const begin = beginReplay(frames, options);
  if (begin === undefined) {
    return undefined;
  }
  const steps = replayInSteps(frames, begin, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/** Before the first frame; undefined when there is none. */
export function beginReplay(
  frames: readonly ReceivedFrame[],
  options: ReplayOptions,
): ReplayPoint | undefined {
  const first = frames[0];
  return first === undefined
    ? undefined
    : {
        folded: options.silent ?? { cluster: options.cluster, nodes: new Map() },
        tracker: options.tracker ?? EMPTY_TRACKER,
        next: 0,
        lookAtMs: placeMs(first.frame) + LOOK_EVERY_MS,
      };
}

/** Whether the way to atMs comes by this point: each look that is in it is from before; without any, the first frame is. */
export function isOnTheWay({ next, lookAtMs }: ReplayPoint, atMs: number): boolean {
  const beforeMs = lookAtMs - LOOK_EVERY_MS;
  return next === 0 ? beforeMs <= atMs : beforeMs < atMs;
}

/**
 * From a point of the same frames to atMs, a look at a time, each followed by its point: a hundred and more in one go would hold
 * up whoever waits for something else.
 */
export function* replayInSteps(
  frames: readonly ReceivedFrame[],
  from: ReplayPoint,
  options: ReplayOptions & { readonly atMs: number },
): Generator<ReplayPoint, Evaluation> {
  let { folded, tracker, next, lookAtMs } = from;
  const beginMs = frames[0] === undefined ? options.atMs : placeMs(frames[0].frame);
  const at = (nowMs: number): EvaluateOptions => ({ ...options, nowMs, collectorStartedAtMs: beginMs });
  for (let received = frames[next]; received !== undefined; received = frames[next]) {
    const placedMs = placeMs(received.frame);
    if (placedMs > options.atMs) {
      break;
    }
    while (placedMs >= lookAtMs) {
      tracker = carryOn(folded, tracker, at(lookAtMs));
      lookAtMs += LOOK_EVERY_MS;
      yield { folded, tracker, next, lookAtMs };
    }
    folded = foldCluster(folded, received);
    next += 1;
  }
  while (lookAtMs < options.atMs) {
    tracker = carryOn(folded, tracker, at(lookAtMs));
    lookAtMs += LOOK_EVERY_MS;
    yield { folded, tracker, next, lookAtMs };
  }
  return evaluate(folded, tracker, at(options.atMs));
}

/** A cluster as it was: the recorded frames before a moment, folded and evaluated by the code that does it live. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../shared/clock.ts";
import type { ReceivedFrame } from "../shared/frame.ts";
import type { Finding } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { replayInSteps } from "./diagnosis/replay.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import { restoreTracker } from "./diagnosis/track.ts";

/** Keyframes come once a minute, samples of the slow cadence too: two minutes hold everything that was in force. */
export const LOOK_BACK_MS = 130_000;
/** Then frames and acknowledgements have their turn. */
const TURN_MS = 10;
/** A page asks for one moment in several ways at once, and then for the next. */
const KEPT_MOMENTS = 8;
/** Frames that were kept may still come. */
const KEPT_FOR_MS = 10_000;

export interface PastOptions {
  readonly clock: Clock;
  readonly thresholds: Thresholds;
  readonly expectedVoters: (cluster: string) => number | undefined;
  readonly readFrames: (cluster: string, fromMs: number, toMs: number) => Promise<readonly ReceivedFrame[]>;
  readonly readFindings: (cluster: string, fromMs: number, toMs: number) => Promise<readonly Finding[]>;
}

export interface PastClusters {
  /** undefined: the history holds nothing of the cluster then. */
  at(cluster: string, atMs: number): Promise<Evaluation | undefined>;
}

interface Moment {
  readonly evaluation: Promise<Evaluation | undefined>;
  readonly askedUs: number;
}

export function createPastClusters(options: PastOptions): PastClusters {
  const { clock } = options;
  /** The one that was asked for last is the last. */
  const moments = new Map<string, Moment>();

  function find(key: string): Moment | undefined {
    const known = moments.get(key);
    return known !== undefined && clock.monotonicUs() - known.askedUs <= KEPT_FOR_MS * 1000
      ? known
      : undefined;
  }

  return {
    at: (cluster, atMs) => {
      const key = `${cluster}/${atMs}`;
      const known = find(key);
      if (known !== undefined) {
        return known.evaluation;
      }
      const evaluation = readPast(cluster, atMs, options);
      moments.delete(key);
      moments.set(key, { evaluation, askedUs: clock.monotonicUs() });
      for (const oldest of [...moments.keys()].slice(0, Math.max(0, moments.size - KEPT_MOMENTS))) {
        moments.delete(oldest);
      }
      evaluation.catch(() => moments.delete(key));
      return evaluation;
    },
  };
}

async function readPast(
  cluster: string,
  atMs: number,
  options: PastOptions,
): Promise<Evaluation | undefined> {
  const fromMs = atMs - LOOK_BACK_MS;
  const [frames, active] = await Promise.all([
    options.readFrames(cluster, fromMs, atMs + 1),
    options.readFindings(cluster, fromMs, fromMs),
  ]);
  const steps = replayInSteps(frames, {
    cluster,
    atMs,
    thresholds: options.thresholds,
    expectedVoters: options.expectedVoters(cluster),
    tracker: restoreTracker(active, fromMs),
  });
  let turnUs = options.clock.monotonicUs();
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
    if (options.clock.monotonicUs() - turnUs > TURN_MS * 1000) {
      await nextTurn();
      turnUs = options.clock.monotonicUs();
    }
  }
}

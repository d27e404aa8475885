/**
 * A minute of a cluster's past: the frames that it takes, read once, and what they came to every few seconds of it, so that a
 * second moment of that minute costs a few looks instead of all of them. Every moment of the minute begins with the same frame, so
 * that its answer does not depend on what was asked before.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../shared/clock.ts";
import type { ReceivedFrame } from "../shared/frame.ts";
import type { Finding } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { foldSilent, type KnownNode, type SilentQuery } from "./capture/facts-at-start.ts";
import {
  beginReplay,
  isOnTheWay,
  replayInSteps,
  type ReplayOptions,
  type ReplayPoint,
} from "./diagnosis/replay.ts";
import { restoreTracker } from "./diagnosis/track.ts";
import { keepCluster } from "./view/fold.ts";

/** Keyframes come once a minute, samples of the slow cadence too: two minutes hold everything that was in force. */
export const LOOK_BACK_MS = 130_000;
export const WINDOW_MS = 60_000;
/** Between two points that are kept; each holds the values of every series. */
const POINT_EVERY_MS = 5000;
/** Then frames and acknowledgements have their turn. */
const TURN_MS = 3;

export interface PastWindowOptions extends Omit<ReplayOptions, "tracker" | "silent"> {
  readonly clock: Clock;
  /** The moment that it is opened for. */
  readonly atMs: number;
  readonly readFrames: (cluster: string, fromMs: number, toMs: number) => Promise<readonly ReceivedFrame[]>;
  readonly readFindings: (cluster: string, fromMs: number, toMs: number) => Promise<readonly Finding[]>;
  /** Nodes that had been heard before, and not from `silentSinceMs` until `atMs`, with their facts. */
  readonly readFactsAt: (query: SilentQuery) => Promise<readonly KnownNode[]>;
  /** A node that was not heard for longer is none of the cluster any more. */
  readonly forgottenAfterMs: number;
}

export interface PastWindow {
  /** Exclusive: the end of the minute, or what was the present when the frames were asked for. */
  readonly toMs: number;
  readonly readAtUs: number;
  /** One after the other; undefined: the history holds nothing of the cluster then. */
  at(atMs: number): Promise<Evaluation | undefined>;
}

interface Record {
  readonly frames: readonly ReceivedFrame[];
  readonly options: ReplayOptions;
  /** By time, the first before the first frame. */
  readonly points: ReplayPoint[];
}

export function windowOf(atMs: number): number {
  return Math.floor(atMs / WINDOW_MS) * WINDOW_MS;
}

export function openPastWindow(options: PastWindowOptions): PastWindow {
  const { clock, atMs: openedForMs } = options;
  const fromMs = windowOf(openedForMs);
  const toMs = Math.max(Math.min(fromMs + WINDOW_MS, clock.nowMs() + 1), openedForMs + 1);
  const record = readRecord(options, { fromMs, toMs });
  /** Two at once would make the same looks twice. */
  let last: Promise<unknown> = record;
  return {
    toMs,
    readAtUs: clock.monotonicUs(),
    at: (atMs) => {
      const evaluation = last.then(async () => await replayTo(await record, atMs, clock));
      last = evaluation.catch(() => undefined);
      return evaluation;
    },
  };
}

async function readRecord(
  options: PastWindowOptions,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Record> {
  const { cluster, thresholds, expectedVoters, forgottenAfterMs } = options;
  const beginMs = fromMs - LOOK_BACK_MS;
  const [frames, active, known] = await Promise.all([
    options.readFrames(cluster, beginMs, toMs),
    options.readFindings(cluster, beginMs, beginMs),
    options.readFactsAt({ cluster, atMs: fromMs, silentSinceMs: beginMs }),
  ]);
  const silent = foldSilent(known, { cluster, beginMs, forgottenAfterMs });
  keepCluster(silent);
  const replayed = { cluster, thresholds, expectedVoters, silent, tracker: restoreTracker(active, beginMs) };
  const begin = beginReplay(frames, replayed);
  return { frames, options: replayed, points: begin === undefined ? [] : [begin] };
}

async function replayTo(
  { frames, options, points }: Record,
  atMs: number,
  clock: Clock,
): Promise<Evaluation | undefined> {
  const from = points.findLast((point) => isOnTheWay(point, atMs));
  if (from === undefined) {
    return undefined;
  }
  const steps = replayInSteps(frames, from, { ...options, atMs });
  let turnUs = clock.monotonicUs();
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
    if (step.value.lookAtMs >= (points.at(-1)?.lookAtMs ?? 0) + POINT_EVERY_MS) {
      keepCluster(step.value.folded);
      points.push(step.value);
    }
    if (clock.monotonicUs() - turnUs > TURN_MS * 1000) {
      await nextTurn();
      turnUs = clock.monotonicUs();
    }
  }
}

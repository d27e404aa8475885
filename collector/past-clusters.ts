/** A cluster as it was: the recorded frames before a moment, folded and evaluated by the code that does it live. */
import type { ReceivedFrame } from "../shared/frame.ts";
import type { Finding } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { replay } from "./diagnosis/replay.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import { restoreTracker } from "./diagnosis/track.ts";

/** Keyframes come once a minute, samples of the slow cadence too: two minutes hold everything that was in force. */
export const LOOK_BACK_MS = 130_000;

export interface PastOptions {
  readonly thresholds: Thresholds;
  readonly expectedVoters: (cluster: string) => number | undefined;
  readonly readFrames: (cluster: string, fromMs: number, toMs: number) => Promise<readonly ReceivedFrame[]>;
  readonly readFindings: (cluster: string, fromMs: number, toMs: number) => Promise<readonly Finding[]>;
}

/** undefined: the history holds nothing of the cluster then. */
export async function readPast(
  cluster: string,
  atMs: number,
  options: PastOptions,
): Promise<Evaluation | undefined> {
  const fromMs = atMs - LOOK_BACK_MS;
  const [frames, active] = await Promise.all([
    options.readFrames(cluster, fromMs, atMs + 1),
    options.readFindings(cluster, fromMs, fromMs),
  ]);
  return replay(frames, {
    cluster,
    atMs,
    thresholds: options.thresholds,
    expectedVoters: options.expectedVoters(cluster),
    tracker: restoreTracker(active),
  });
}

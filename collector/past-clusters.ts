/** A cluster as it was: the recorded frames before a moment, folded and evaluated by the code that does it live. */
import type { Clock } from "../shared/clock.ts";
import type { ReceivedFrame } from "../shared/frame.ts";
import type { Finding } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import type { Thresholds } from "./diagnosis/thresholds.ts";
import type { KnownNode, SilentQuery } from "./capture/facts-at-start.ts";
import { openPastWindow, WINDOW_MS, windowOf, type PastWindow } from "./past-window.ts";

/** A page asks for one moment in several ways at once, and then for the next. */
const KEPT_MOMENTS = 8;
/** Who scrubs goes from one window to the next; a window of three nodes holds about 2 MB. */
const KEPT_WINDOWS = 6;
/** Frames that were kept may still come. */
const KEPT_FOR_MS = 10_000;

export interface PastOptions {
  readonly clock: Clock;
  readonly thresholds: Thresholds;
  readonly expectedVoters: (cluster: string) => number | undefined;
  readonly readFrames: (cluster: string, fromMs: number, toMs: number) => Promise<readonly ReceivedFrame[]>;
  readonly readFindings: (cluster: string, fromMs: number, toMs: number) => Promise<readonly Finding[]>;
  /** Nodes that had been heard before, and not from `silentSinceMs` until `atMs`, with their facts. */
  readonly readFactsAt: (query: SilentQuery) => Promise<readonly KnownNode[]>;
  /** A node that was not heard for longer is none of the cluster any more. */
  readonly forgottenAfterMs: number;
}

export interface PastClusters {
  /** undefined: the history holds nothing of the cluster then. */
  at(cluster: string, atMs: number): Promise<Evaluation | undefined>;
}

interface Moment {
  readonly cluster: string;
  readonly atMs: number;
  readonly evaluation: Promise<Evaluation | undefined>;
  readonly askedUs: number;
}

export function createPastClusters(options: PastOptions): PastClusters {
  const { clock } = options;
  /** Of both the one that was asked for last is the last. */
  const moments = new Map<string, Moment>();
  const windows = new Map<string, PastWindow>();
  let isReadingAhead = false;

  function isFresh(sinceUs: number): boolean {
    return clock.monotonicUs() - sinceUs <= KEPT_FOR_MS * 1000;
  }

  function openWindow(cluster: string, atMs: number): PastWindow {
    for (const [key, { readAtUs }] of windows) {
      if (!isFresh(readAtUs)) {
        windows.delete(key);
      }
    }
    const key = `${cluster}/${windowOf(atMs)}`;
    const known = windows.get(key);
    const window =
      known !== undefined && atMs < known.toMs
        ? known
        : openPastWindow({ ...options, cluster, atMs, expectedVoters: options.expectedVoters(cluster) });
    keepLast(windows, { key, value: window, atMost: KEPT_WINDOWS });
    return window;
  }

  /** Who went from one moment to one beside it goes on like that: what comes next is made ready while the page draws. */
  async function readAhead(from: Moment | undefined, to: Moment): Promise<void> {
    const isScrubbing =
      from?.cluster === to.cluster &&
      from.atMs !== to.atMs &&
      Math.abs(from.atMs - to.atMs) <= WINDOW_MS &&
      isFresh(from.askedUs);
    if (isReadingAhead || !isScrubbing) {
      return;
    }
    const nextMs = windowOf(to.atMs) + (from.atMs < to.atMs ? WINDOW_MS : -WINDOW_MS);
    if (nextMs + WINDOW_MS > clock.nowMs() || windows.has(`${to.cluster}/${nextMs}`)) {
      return;
    }
    isReadingAhead = true;
    try {
      const window = openWindow(to.cluster, nextMs);
      // By and by, so that whoever asks meanwhile does not wait for all of it.
      for (let atMs = nextMs; atMs < window.toMs; atMs += WINDOW_MS / 12) {
        await window.at(atMs);
      }
    } catch {
      // Whoever asks for it reads anew, and is told then.
      windows.delete(`${to.cluster}/${nextMs}`);
    } finally {
      isReadingAhead = false;
    }
  }

  return {
    at: (cluster, atMs) => {
      const key = `${cluster}/${atMs}`;
      const known = moments.get(key);
      if (known !== undefined && isFresh(known.askedUs)) {
        return known.evaluation;
      }
      const before = [...moments.values()].at(-1);
      const evaluation = openWindow(cluster, atMs).at(atMs);
      const moment = { cluster, atMs, evaluation, askedUs: clock.monotonicUs() };
      keepLast(moments, { key, value: moment, atMost: KEPT_MOMENTS });
      evaluation.then(
        () => void readAhead(before, moment),
        () => {
          moments.delete(key);
          windows.delete(`${cluster}/${windowOf(atMs)}`);
        },
      );
      return evaluation;
    },
  };
}

function keepLast<V>(
  kept: Map<string, V>,
  { key, value, atMost }: { readonly key: string; readonly value: V; readonly atMost: number },
): void {
  kept.delete(key);
  kept.set(key, value);
  for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - atMost))) {
    kept.delete(oldest);
  }
}

/** When a cluster is looked at without news, so that thousands of them leave the event loop to frames and acknowledgements. Pure. */
import type { Track, Tracker } from "./diagnosis/track.ts";
import { LOOK_EVERY_MS } from "./is-news.ts";
import type { NodeState } from "./view/node-state.ts";

/** Looks without news take no more of the event loop than this: with more clusters each has its turn less often. */
const LOOK_SHARE = 0.1;
/** But this often: where something begins or ends, or is critical, and where all is as it was. */
const AT_LEAST_EVERY_MS = { moving: 5000, steady: 20_000 } as const;

export interface LookLoad {
  readonly clusters: number;
  /** Of one look, lately. */
  readonly costMs: number;
}

export function lookEveryMs({ clusters, costMs }: LookLoad, tracker: Tracker): number {
  const affordableMs = (clusters * costMs) / LOOK_SHARE;
  const atLeastMs = isSteady(tracker) ? AT_LEAST_EVERY_MS.steady : AT_LEAST_EVERY_MS.moving;
  return Math.min(atLeastMs, Math.max(LOOK_EVERY_MS, affordableMs));
}

function isSteady({ tracks }: Tracker): boolean {
  for (const track of tracks.values()) {
    if (isMoving(track)) {
      return false;
    }
  }
  return true;
}

function isMoving({ id, okSinceMs, outcome }: Track): boolean {
  return id === "" || okSinceMs !== undefined || outcome.severity === "critical";
}

/** A node has become silent since the last look: news that nobody sends. */
export function hasFallenSilent(
  { nodes }: { readonly nodes: ReadonlyMap<string, Pick<NodeState, "lastReceivedAtMs">> },
  times: { readonly silentAfterMs: number; readonly lookedAtMs: number; readonly nowMs: number },
): boolean {
  for (const { lastReceivedAtMs } of nodes.values()) {
    const silentSinceMs = lastReceivedAtMs + times.silentAfterMs;
    if (silentSinceMs < times.nowMs && silentSinceMs >= times.lookedAtMs) {
      return true;
    }
  }
  return false;
}

/**
 * Which nodes of a cluster are taken for gone, so that names which never come back do not count for ever. Pure. A node that is only
 * silent stays, and is told as silent, for as long as the history remembers it in full.
 */
import type { Finding } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import type { Tracker } from "./diagnosis/track.ts";
import type { ClusterFrames, NodeState } from "./view/node-state.ts";

/** Of a cluster that is full, one that has been silent for so long makes room for a new name. */
const GIVES_ROOM_AFTER_MS = 10 * 60_000;

export interface Forgotten {
  /** The same when nothing was forgotten. */
  readonly frames: ClusterFrames;
  readonly nodes: readonly string[];
}

/** Without those that were not heard for `afterMs`. */
export function forgetGone(
  frames: ClusterFrames,
  { afterMs, nowMs }: { readonly afterMs: number; readonly nowMs: number },
): Forgotten {
  const gone = [...frames.nodes.values()].filter((node) => isSilentFor(node, afterMs, nowMs));
  return gone.length === 0
    ? { frames, nodes: [] }
    : forgotten(
        frames,
        gone.map(({ node }) => node),
      );
}

/** Without the one that has been silent for longest, if it was so for ten minutes. */
export function makeRoom(frames: ClusterFrames, nowMs: number): Forgotten {
  let longest: NodeState | undefined;
  for (const node of frames.nodes.values()) {
    if (longest === undefined || node.lastReceivedAtMs < longest.lastReceivedAtMs) {
      longest = node;
    }
  }
  return longest !== undefined && isSilentFor(longest, GIVES_ROOM_AFTER_MS, nowMs)
    ? forgotten(frames, [longest.node])
    : { frames, nodes: [] };
}

function isSilentFor({ streamOpen, lastReceivedAtMs }: NodeState, forMs: number, nowMs: number): boolean {
  return streamOpen !== true && nowMs - lastReceivedAtMs > forMs;
}

function forgotten(frames: ClusterFrames, nodes: readonly string[]): Forgotten {
  return { frames: withoutNodes(frames, nodes), nodes };
}

export function withoutNodes({ cluster, nodes }: ClusterFrames, names: readonly string[]): ClusterFrames {
  const rest = new Map(nodes);
  for (const name of names) {
    rest.delete(name);
  }
  return { cluster, nodes: rest };
}

/** The last look at a cluster that nobody speaks for any more: what was active before it is over. */
export function endAll(last: Evaluation, before: Tracker): Evaluation {
  const known = new Set([...before.tracks.values()].map(({ id }) => id));
  const over = last.state.findings
    .filter(({ id }) => known.has(id))
    .map((one): Finding => ({ ...one, status: "resolved", until: last.state.at }));
  return { ...last, state: { ...last.state, findings: [] }, resolved: [...last.resolved, ...over] };
}

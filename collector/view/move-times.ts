/** The folded nodes after the collector's clock was set: everything that is held in its time moves along. Pure. */
import type { ClusterFrames, HeldFact, NodeState, Point } from "./node-state.ts";

export function moveCluster({ cluster, nodes }: ClusterFrames, byMs: number): ClusterFrames {
  return { cluster, nodes: new Map([...nodes].map(([name, state]) => [name, moveNode(state, byMs)])) };
}

function moveNode(state: NodeState, byMs: number): NodeState {
  const { loss, remembered, waitingSinceMs } = state;
  return {
    ...state,
    atMs: state.atMs + byMs,
    lastReceivedAtMs: state.lastReceivedAtMs + byMs,
    // The node's clock stayed where it was.
    clockOffsetMs: state.clockOffsetMs - byMs,
    loss: loss && { ...loss, fromMs: loss.fromMs + byMs, toMs: loss.toMs + byMs },
    waitingSinceMs: later(waitingSinceMs, byMs),
    facts: new Map([...state.facts].map(([key, held]) => [key, moveFact(held, byMs)])),
    series: state.series.move(byMs),
    runs: state.runs.move(byMs),
    events: state.events.map((held) => movePoint(held, byMs)),
    remembered: {
      ...remembered,
      membership: remembered.membership && movePoint(remembered.membership, byMs),
    },
  };
}

function moveFact(held: HeldFact, byMs: number): HeldFact {
  return { ...held, sinceMs: held.sinceMs + byMs, leaderSinceMs: held.leaderSinceMs + byMs };
}

function movePoint<T extends Pick<Point, "atMs">>(point: T, byMs: number): T {
  return { ...point, atMs: point.atMs + byMs };
}

function later(atMs: number | undefined, byMs: number): number | undefined {
  return atMs === undefined ? undefined : atMs + byMs;
}

/** The round trip that a link costs by itself: the least of several, since a busy machine adds to each and never takes away. */
import { listPoints } from "../view/node-reading.ts";
import type { NodeState } from "../view/node-state.ts";

/** As many as a single pause of either machine does not reach. */
const LEAST_POINTS = 3;
const SPAN_MS = 60_000;

/** Milliseconds; undefined while fewer than three measurements of the last minute are known. */
export function readLeastRoundTrip(node: NodeState, to: string, nowMs: number): number | undefined {
  const name = { metric: "etcdscope_link_round_trip_seconds", labels: { to, port: "peer" } };
  const points = listPoints(node, name, nowMs - SPAN_MS);
  return points.length < LEAST_POINTS ? undefined : Math.min(...points.map(({ value }) => value)) * 1000;
}

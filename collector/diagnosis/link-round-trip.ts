/**
 * The round trip that a link costs by itself: the least of the last few, since a busy machine adds to each and never takes away;
 * and no more than the kernel's own estimate allows, which a busy process does not touch.
 */
import { findPoint, listPoints } from "../view/node-reading.ts";
import type { NodeState, Point } from "../view/node-state.ts";

/** As many as a single pause of either machine does not reach, */
const LEAST_POINTS = 3;
/** and over so long: a way that has become long is told every few seconds. */
const LEAST_SPAN_MS = 11_000;
const SPAN_MS = 60_000;
/** It is smoothed, and the agent asks for it no sooner. */
const KERNEL_FOLLOWS_MS = 4000;
/** The kernel was looked at since then, which is done as soon as the way is long. */
const LONG_KNOWN_MS = 30_000;
/** Below this there is nothing to doubt. */
const LONG_MS = 20;
/** Linux waits for an acknowledgement for the round trip, which it takes to be up to 40 ms where acknowledgements are put off, and so long. */
const LEAST_WAIT_MS = 200;
/** While the way looks long the kernel is asked every few seconds. */
const KERNEL_WITHIN_MS = 30_000;

/** Milliseconds; undefined while fewer than three measurements of the last minute are known. */
export function readLeastRoundTrip(node: NodeState, to: string, nowMs: number): number | undefined {
  const points = listTrips(node, to, nowMs);
  const sinceMs = (points.at(-1)?.atMs ?? 0) - LEAST_SPAN_MS;
  const last = points.filter(({ atMs }, index) => index >= points.length - LEAST_POINTS || atMs >= sinceMs);
  if (last.length < LEAST_POINTS) {
    return undefined;
  }
  const leastMs = Math.min(...last.map(({ value }) => value)) * 1000;
  return leastMs < LONG_MS ? leastMs : Math.min(leastMs, readKernelBound(node, to, nowMs));
}

/** Infinity where the kernel tells nothing, or has been told to wait less. */
function readKernelBound(node: NodeState, to: string, nowMs: number): number {
  const name = { metric: "etcdscope_peer_retransmit_timeout_seconds", labels: { to } };
  const waitMs = (findPoint(node, name, nowMs - KERNEL_WITHIN_MS)?.value ?? 0) * 1000;
  return waitMs < LEAST_WAIT_MS ? Number.POSITIVE_INFINITY : waitMs - LEAST_WAIT_MS;
}

/**
 * From when on the kernel's estimate is one of a way that is long: a little after the first long round trip. 0: all that are kept are
 * long, and they go back far enough.
 */
export function findLongSince(node: NodeState, to: string, nowMs: number): number {
  const points = listTrips(node, to, nowMs);
  const short = points.findLastIndex(({ value }) => value * 1000 < LONG_MS);
  const [first, since, last] = [points[0], points[short + 1], points.at(-1)];
  const isLong = short < 0 && first !== undefined && (last?.atMs ?? 0) - first.atMs >= LONG_KNOWN_MS;
  return isLong ? 0 : (since?.atMs ?? nowMs) + KERNEL_FOLLOWS_MS;
}

function listTrips(node: NodeState, to: string, nowMs: number): readonly Point[] {
  const name = { metric: "etcdscope_link_round_trip_seconds", labels: { to, port: "peer" } };
  return listPoints(node, name, nowMs - SPAN_MS);
}

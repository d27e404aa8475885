/** What TCP in etcd's network namespace has counted from one look of its probe to the next, and what that proves of loss. */
import { listPoints } from "../view/node-reading.ts";
import type { NodeState, Point } from "../view/node-state.ts";

/** Growth over some looks. */
export interface TcpGrowth {
  readonly sent: number;
  /** Sent again. */
  readonly again: number;
  /** Of that, what was lost between others that arrived: none in a cut. undefined: the kernel or an older agent does not tell. */
  readonly proven: number | undefined;
  /** The least proven from one look to the next, of the newest two times. */
  readonly leastProven: number;
  readonly fromMs: number;
  readonly atMs: number;
}

export interface TcpLook {
  readonly atMs: number;
  readonly sent: number;
  readonly again: number;
  readonly proven: number | undefined;
}

/**
 * Over the looks of the last `overMs`, and at least three where there are so many: two intervals are enough that one burst does not
 * decide. undefined with fewer than two looks, or when a counter began anew in between.
 */
export function measureTcpGrowth(looks: readonly TcpLook[], overMs: number): TcpGrowth | undefined {
  const last = looks.at(-1);
  const early = looks.findLastIndex(({ atMs }) => last !== undefined && atMs <= last.atMs - overMs);
  const used = looks.slice(Math.max(0, Math.min(early < 0 ? 0 : early, looks.length - 3)));
  const [first] = used;
  if (first === undefined || last === undefined || used.length < 2 || last.again < first.again) {
    return undefined;
  }
  const steps = used.slice(1).map((look, index) => (look.proven ?? 0) - (used[index]?.proven ?? 0));
  return {
    sent: last.sent - first.sent,
    again: last.again - first.again,
    proven:
      last.proven === undefined || first.proven === undefined || used.length < 3
        ? undefined
        : last.proven - first.proven,
    leastProven: Math.min(...steps.slice(-2)),
    fromMs: first.atMs,
    atMs: last.atMs,
  };
}

/** Oldest first. */
export function listTcpLooks(node: NodeState, sinceMs: number): readonly TcpLook[] {
  const [sent, again, holes] = [
    "node_netstat_Tcp_OutSegs",
    "node_netstat_Tcp_RetransSegs",
    "etcdscope_tcp_holes_total",
  ].map((metric) => mapPoints(listPoints(node, { metric }, sinceMs)));
  return [...(sent ?? [])].flatMap(([atMs, value]): readonly TcpLook[] => {
    const resent = again?.get(atMs);
    return resent === undefined ? [] : [{ atMs, sent: value, again: resent, proven: holes?.get(atMs) }];
  });
}

/** One look's samples come in one frame, with its time. */
function mapPoints(points: readonly Point[]): ReadonlyMap<number, number> {
  return new Map(points.map(({ atMs, value }) => [atMs, value]));
}

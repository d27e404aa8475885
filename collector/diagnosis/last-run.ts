/**
 * The last run of an etcd that is gone: what was said, or done to it, before that began is not why it is down now, also when a new agent
 * does not know how long it had answered.
 */
import type { MemberLook } from "./each-node.ts";

/** By then all that it said has come: its log is read within 2 s of its end. */
const SETTLED_MS = 3000;

/** When that run began; undefined: one runs, it has only just gone, or none was seen to start. */
export function findLastRunAtMs({ cluster, member, node }: MemberLook): number | undefined {
  const process = member.view.process;
  if (process === undefined || process.fact.pid !== 0 || cluster.nowMs - process.sinceMs < SETTLED_MS) {
    return undefined;
  }
  const started = node.state.events.findLast(({ event }) => event.kind === "process_started");
  const atMs = Math.max(process.startedAtMs, started?.atMs ?? 0);
  return atMs === 0 ? undefined : atMs;
}

/** The quota of a member's database in force: several rules measure against it. */
import { findFact, findPoint } from "../view/node-reading.ts";
import type { NodeState } from "../view/node-state.ts";

/** etcd's default when the flag is 0 or absent. */
const DEFAULT_QUOTA_BYTES = 2 * 1024 * 1024 * 1024;

/** As etcd itself reports it, else as the flags give it. */
export function readQuota(node: NodeState): number | undefined {
  const point = findPoint(node, { metric: "etcd_server_quota_backend_bytes" }, 0);
  if (point !== undefined && point.value > 0) {
    return point.value;
  }
  const flags = findFact(node, "flags", "flags")?.body.flags;
  const flag = Number(flags?.["quota-backend-bytes"] ?? "0");
  return flags === undefined ? undefined : flag > 0 ? flag : DEFAULT_QUOTA_BYTES;
}

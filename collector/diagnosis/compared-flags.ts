/** Which of etcd's flags should be the same on all members, and which are a member's own. */

/** Timing decides who leads and the quota who raises the alarm; the others cost only space and time. */
export const COMPARED_FLAGS = [
  { flag: "heartbeat-interval", isGrave: true },
  { flag: "election-timeout", isGrave: true },
  { flag: "quota-backend-bytes", isGrave: true },
  { flag: "auto-compaction-mode", isGrave: false },
  { flag: "auto-compaction-retention", isGrave: false },
  { flag: "snapshot-count", isGrave: false },
] as const;

const OF_ONE_MEMBER: ReadonlySet<string> = new Set([
  "name",
  "config-file",
  "data-dir",
  "wal-dir",
  "initial-cluster",
  "initial-cluster-state",
  "initial-cluster-token",
  "host-whitelist",
]);

/** Names, addresses, paths, and what only the first start reads. */
export function isOfOneMember(flag: string): boolean {
  return OF_ONE_MEMBER.has(flag) || /-urls$|-file$|^discovery/.test(flag);
}

/** What the fold wants to know of a series' key, each worked out once: thousands of nodes have the same few hundred. */
import { createInterned } from "../../shared/interned.ts";

/** Series that rules look back on; of the others only the latest point is kept, for memory with thousands of nodes. */
const LOOKED_BACK_ON: ReadonlySet<string> = new Set([
  "etcd_disk_wal_fsync_duration_seconds_quantile",
  "etcd_disk_wal_fsync_interval_count",
  "etcd_disk_backend_commit_duration_seconds_quantile",
  "etcd_disk_backend_commit_interval_count",
  "etcdscope_fsync_probe_seconds",
  "node_disk_writes_completed_total",
  "node_disk_write_time_seconds_total",
  "node_disk_io_time_seconds_total",
  "node_disk_written_bytes_total",
  "node_disk_io_now",
  "node_netstat_Tcp_OutSegs",
  "node_netstat_Tcp_RetransSegs",
  "etcdscope_tcp_holes_total",
  "etcdscope_peer_resent_segments_total",
  "etcd_server_slow_read_indexes_total",
  "process_cpu_seconds_total",
  "etcdscope_process_cpu_wait_seconds_total",
  "etcdscope_pressure_seconds_total",
  "container_cpu_cfs_throttled_seconds_total",
  "etcdscope_link_round_trip_seconds",
  "etcd_server_proposals_committed_total",
  "etcd_server_proposals_pending",
  "etcd_server_leader_changes_seen_total",
  "etcd_server_heartbeat_send_failures_total",
  "etcd_server_proposals_failed_total",
  "etcd_server_slow_apply_total",
  "etcd_status_raft_applied_index",
  "etcd_status_raft_index",
]);

export interface KeyTraits {
  /** Unsigned, 32 bits. */
  readonly hash: number;
  readonly isLookedBackOn: boolean;
}

export const traitsOf = createInterned((key): KeyTraits => {
  const brace = key.indexOf("{");
  return { hash: hash(key), isLookedBackOn: LOOKED_BACK_ON.has(brace < 0 ? key : key.slice(0, brace)) };
});

/** FNV-1a of the UTF-16 units. https://www.ietf.org/archive/id/draft-eastlake-fnv-21.html */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x0100_0193);
  }
  return value >>> 0;
}

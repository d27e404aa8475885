/** The trends that are always shown: which metric, which part of it, and in which unit it is read. */
import type { Text } from "../../../shared/text.ts";

export interface Panel {
  readonly metric: string;
  readonly title: Text;
  /** Labels that a series must have. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a counter: what it grows by in a second, or in a step. */
  readonly as?: "rate" | "increase";
  /** Over the catalogue's unit, where the rate has another one. */
  readonly unit?: string;
  /** Series of one node become one line: the largest of them, or all together. */
  readonly join?: "max" | "sum";
  /** A second metric in the same chart, dashed. */
  readonly beside?: string;
  /** A limit that is recorded as a metric. */
  readonly limit?: string;
  /** The label that tells whose value it is, where that is not the node that sent it. */
  readonly by?: string;
  /** By how much what is in use grows, as a metric with these labels: when the limit will be reached. */
  readonly growth?: { readonly metric: string; readonly labels: Readonly<Record<string, string>> };
}

const P99 = { quantile: "0.99", bound: "upper" } as const;

export const PANELS: readonly Panel[] = [
  {
    metric: "etcd_disk_wal_fsync_duration_seconds_quantile",
    title: { en: "WAL fsync p99", zh: "WAL fsync p99" },
    labels: P99,
  },
  {
    metric: "etcd_disk_backend_commit_duration_seconds_quantile",
    title: { en: "Backend commit p99", zh: "后端提交 p99" },
    labels: P99,
  },
  {
    metric: "etcdscope_link_round_trip_seconds",
    title: { en: "Round trip to peers", zh: "对等节点往返时间" },
    labels: { port: "peer" },
  },
  {
    metric: "etcd_server_proposals_committed_total",
    title: { en: "Proposals committed", zh: "已提交提案" },
    as: "rate",
    unit: "proposals/s",
  },
  {
    metric: "etcd_status_db_size_bytes",
    title: { en: "Database: size, in use (dashed), quota", zh: "数据库：大小、已用（虚线）、配额" },
    beside: "etcd_status_db_size_in_use_bytes",
    limit: "etcd_server_quota_backend_bytes",
    // Each node sees every member.
    by: "member",
    growth: { metric: "etcdscope_growth_bytes_per_second", labels: { what: "db" } },
  },
  {
    metric: "etcd_server_leader_changes_seen_total",
    title: { en: "Leader changes", zh: "leader 变更" },
    as: "increase",
    unit: "changes",
  },
  {
    metric: "node_filesystem_avail_bytes",
    title: { en: "Disk space left for etcd", zh: "etcd 可用磁盘空间" },
  },
  {
    metric: "process_cpu_seconds_total",
    title: { en: "CPU of etcd, in cores", zh: "etcd 的 CPU（核）" },
    as: "rate",
    unit: "cores",
  },
  {
    metric: "etcdscope_pressure_seconds_total",
    title: { en: "Pressure: the worst of CPU, memory, IO", zh: "压力：CPU、内存、IO 中最差者" },
    as: "rate",
    unit: "share",
    join: "max",
  },
  {
    metric: "etcd_server_proposals_pending",
    title: { en: "Proposals pending", zh: "等待中的提案" },
  },
];

/** What the picker adds: any metric of the cluster, as its kind suggests. */
export function panelOf(metric: string, about: { readonly kind: string; readonly unit: string }): Panel {
  const title = { en: metric, zh: metric };
  if (about.kind !== "counter") {
    return { metric, title };
  }
  const unit = about.unit === "seconds" ? "share" : `${about.unit}/s`;
  return { metric, title, as: "rate", unit, join: "sum" };
}

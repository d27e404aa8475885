/**
 * Every metric that an agent sends: name, unit, kind and meaning. Names that etcd or node_exporter use are theirs.
 * An agent sends nothing that is not in here; the collector accepts what it does not know (a newer agent's).
 */
import type { Text } from "./text.ts";

export type MetricKind = "gauge" | "counter";

export interface MetricDescription {
  readonly name: string;
  readonly kind: MetricKind;
  /** Base unit: seconds, bytes, or what is counted. */
  readonly unit: string;
  readonly labels: readonly string[];
  readonly help: Text;
}

type About = Omit<MetricDescription, "name" | "kind" | "unit">;

function gauge(name: string, unit: string, about: About): MetricDescription {
  return { name, kind: "gauge", unit, ...about };
}

function counter(name: string, unit: string, about: About): MetricDescription {
  return { name, kind: "counter", unit, ...about };
}

/**
 * Quantiles of one interval of a Prometheus histogram are intervals themselves: label `bound` is "lower" or "upper",
 * the bounds of the bucket that the quantile falls into; label `quantile` is "0.5" or "0.99".
 */
const QUANTILE_LABELS = ["quantile", "bound"] as const;

export const METRIC_CATALOGUE: readonly MetricDescription[] = [
  // Status of each member, by the name of the member that answered.
  gauge("etcd_status_raft_index", "entries", {
    labels: ["member"],
    help: { en: "Raft index of the member's log", zh: "成员日志的 Raft 索引" },
  }),
  gauge("etcd_status_raft_applied_index", "entries", {
    labels: ["member"],
    help: { en: "Raft index that the member has applied", zh: "成员已应用的 Raft 索引" },
  }),
  gauge("etcd_status_db_size_bytes", "bytes", {
    labels: ["member"],
    help: { en: "Size of the backend database file", zh: "后端数据库文件大小" },
  }),
  gauge("etcd_status_db_size_in_use_bytes", "bytes", {
    labels: ["member"],
    help: { en: "Part of the database file in use", zh: "数据库文件中实际使用的部分" },
  }),
  // etcd's own /metrics.
  gauge("etcd_server_has_leader", "boolean", {
    labels: [],
    help: { en: "1 when the member knows a leader", zh: "成员知道 leader 时为 1" },
  }),
  gauge("etcd_server_is_leader", "boolean", {
    labels: [],
    help: { en: "1 when the member is the leader", zh: "成员是 leader 时为 1" },
  }),
  counter("etcd_server_leader_changes_seen_total", "changes", {
    labels: [],
    help: { en: "Leader changes that the member has seen", zh: "成员看到的 leader 变更次数" },
  }),
  counter("etcd_server_proposals_committed_total", "proposals", {
    labels: [],
    help: { en: "Proposals committed", zh: "已提交的提案" },
  }),
  counter("etcd_server_proposals_applied_total", "proposals", {
    labels: [],
    help: { en: "Proposals applied", zh: "已应用的提案" },
  }),
  gauge("etcd_server_proposals_pending", "proposals", {
    labels: [],
    help: { en: "Proposals waiting to be committed", zh: "等待提交的提案" },
  }),
  counter("etcd_server_proposals_failed_total", "proposals", {
    labels: [],
    help: { en: "Proposals that failed", zh: "失败的提案" },
  }),
  counter("etcd_server_heartbeat_send_failures_total", "heartbeats", {
    labels: [],
    help: { en: "Heartbeats that the leader sent late", zh: "leader 未能按时发送的心跳" },
  }),
  counter("etcd_server_slow_apply_total", "applies", {
    labels: [],
    help: { en: "Applies that took longer than 100 ms", zh: "耗时超过 100 毫秒的应用操作" },
  }),
  counter("etcd_server_slow_read_indexes_total", "reads", {
    labels: [],
    help: { en: "Linearizable reads whose index came late", zh: "索引获取缓慢的线性一致读" },
  }),
  counter("etcd_debugging_mvcc_db_compaction_keys_total", "keys", {
    labels: [],
    help: { en: "Old revisions that compactions removed", zh: "压缩删除的旧版本键数" },
  }),
  gauge("etcd_server_quota_backend_bytes", "bytes", {
    labels: [],
    help: { en: "Quota of the backend database in force", zh: "生效的后端数据库配额" },
  }),
  gauge("etcd_disk_wal_fsync_duration_seconds_quantile", "seconds", {
    labels: QUANTILE_LABELS,
    help: { en: "WAL fsync duration over the last interval", zh: "最近一个周期内 WAL fsync 耗时" },
  }),
  gauge("etcd_disk_wal_fsync_duration_seconds_mean", "seconds", {
    labels: [],
    help: { en: "Mean WAL fsync duration over the last interval", zh: "最近一个周期内 WAL fsync 平均耗时" },
  }),
  gauge("etcd_disk_wal_fsync_interval_count", "calls", {
    labels: [],
    help: { en: "WAL fsyncs in the last interval", zh: "最近一个周期内 WAL fsync 次数" },
  }),
  gauge("etcd_disk_backend_commit_duration_seconds_quantile", "seconds", {
    labels: QUANTILE_LABELS,
    help: { en: "Backend commit duration over the last interval", zh: "最近一个周期内后端提交耗时" },
  }),
  gauge("etcd_disk_backend_commit_duration_seconds_mean", "seconds", {
    labels: [],
    help: { en: "Mean backend commit duration over the last interval", zh: "最近一个周期内后端提交平均耗时" },
  }),
  gauge("etcd_disk_backend_commit_interval_count", "calls", {
    labels: [],
    help: { en: "Backend commits in the last interval", zh: "最近一个周期内后端提交次数" },
  }),
  gauge("etcd_network_peer_round_trip_time_seconds_quantile", "seconds", {
    labels: ["to", ...QUANTILE_LABELS],
    help: {
      en: "Peer round trip as etcd measures it, over the last interval",
      zh: "etcd 测得的对等节点往返时间",
    },
  }),
  gauge("etcd_network_active_peers", "connections", {
    labels: ["to"],
    help: { en: "Active connections to the peer, as etcd counts", zh: "etcd 统计的对等活动连接数" },
  }),
  counter("etcd_network_disconnected_peers_total", "disconnects", {
    labels: ["to"],
    help: { en: "Times the peer was disconnected", zh: "对等节点断开次数" },
  }),
  counter("etcd_network_peer_sent_failures_total", "messages", {
    labels: ["to"],
    help: { en: "Messages that could not be sent to the peer", zh: "发往对等节点失败的消息" },
  }),
  counter("grpc_server_handled_total", "requests", {
    labels: ["grpc_code"],
    help: { en: "gRPC requests that etcd finished, by status code", zh: "etcd 完成的 gRPC 请求,按状态码" },
  }),
  // Reads and reachability as the agent measures them.
  gauge("etcdscope_read_duration_seconds", "seconds", {
    labels: ["consistency"],
    help: { en: "Duration of the agent's one-key read", zh: "代理单键读取耗时" },
  }),
  gauge("etcdscope_status_duration_seconds", "seconds", {
    labels: ["member"],
    help: { en: "Duration of the agent's Status call", zh: "代理 Status 调用耗时" },
  }),
  gauge("etcdscope_link_round_trip_seconds", "seconds", {
    labels: ["to", "port"],
    help: {
      en: "Round trip to the member's port over the agent's own connection",
      zh: "代理自身连接到成员端口的往返时间",
    },
  }),
  gauge("etcdscope_peer_connections", "connections", {
    labels: ["to"],
    help: { en: "Established peer connections in the kernel", zh: "内核中已建立的对等连接数" },
  }),
  gauge("etcdscope_peer_send_queue_bytes", "bytes", {
    labels: ["to"],
    help: { en: "Unacknowledged bytes on the peer connections", zh: "对等连接上未确认的字节数" },
  }),
  gauge("etcdscope_peer_retransmits", "segments", {
    labels: ["to"],
    help: { en: "Retransmissions in progress on the peer connections", zh: "对等连接上正在进行的重传" },
  }),
  gauge("etcdscope_peer_retransmit_timeout_seconds", "seconds", {
    labels: ["to"],
    help: {
      en: "The kernel's wait for an acknowledgement on the peer connections: its round trip and at least 200 ms",
      zh: "内核在对等连接上等待确认的时间：往返时间加至少 200 毫秒",
    },
  }),
  gauge("etcdscope_peer_rtt_seconds", "seconds", {
    labels: ["to"],
    help: { en: "The kernel's round trip of etcd's own peer connections", zh: "内核测得的对等连接往返时间" },
  }),
  counter("etcdscope_peer_resent_segments_total", "segments", {
    labels: ["to"],
    help: { en: "Segments sent again on etcd's own peer connections", zh: "etcd 自有对等连接上重传的段数" },
  }),
  counter("node_netstat_Tcp_OutSegs", "segments", {
    labels: [],
    help: { en: "TCP segments sent in etcd's network namespace", zh: "etcd 所在网络命名空间发送的 TCP 段" },
  }),
  counter("node_netstat_Tcp_RetransSegs", "segments", {
    labels: [],
    help: {
      en: "TCP segments sent again in etcd's network namespace",
      zh: "etcd 所在网络命名空间重传的 TCP 段",
    },
  }),
  counter("etcdscope_tcp_holes_total", "segments", {
    labels: [],
    help: { en: "TCP segments lost between others that arrived", zh: "前后段均送达而中间丢失的 TCP 段" },
  }),
  // Process.
  gauge("process_resident_memory_bytes", "bytes", {
    labels: [],
    help: { en: "Resident memory of etcd", zh: "etcd 常驻内存" },
  }),
  counter("process_cpu_seconds_total", "seconds", {
    labels: [],
    help: { en: "CPU time of etcd", zh: "etcd 的 CPU 时间" },
  }),
  gauge("process_open_fds", "descriptors", {
    labels: [],
    help: { en: "Open file descriptors of etcd", zh: "etcd 打开的文件描述符" },
  }),
  gauge("process_max_fds", "descriptors", {
    labels: [],
    help: { en: "Limit of open file descriptors of etcd", zh: "etcd 文件描述符上限" },
  }),
  gauge("process_threads", "threads", {
    labels: [],
    help: { en: "Threads of etcd", zh: "etcd 线程数" },
  }),
  gauge("etcdscope_process_anonymous_memory_bytes", "bytes", {
    labels: [],
    help: { en: "Memory of etcd that the kernel cannot take back", zh: "etcd 中内核无法回收的内存" },
  }),
  counter("etcdscope_process_cpu_wait_seconds_total", "seconds", {
    labels: [],
    help: {
      en: "Time that etcd's threads were ready to run and waited for a CPU, added up",
      zh: "etcd 各线程可运行但等待 CPU 的累计时间",
    },
  }),
  counter("container_cpu_cfs_throttled_seconds_total", "seconds", {
    labels: [],
    help: {
      en: "Time that the CPU quota held etcd's cgroup back",
      zh: "CPU 配额限制 etcd 所在 cgroup 的时间",
    },
  }),
  gauge("container_spec_memory_limit_bytes", "bytes", {
    labels: [],
    help: {
      en: "Tightest memory limit of etcd's cgroup; absent: none",
      zh: "etcd 所在 cgroup 的最小内存上限；无则不报",
    },
  }),
  counter("container_oom_events_total", "kills", {
    labels: [],
    help: { en: "Processes of etcd's cgroup killed for memory", zh: "etcd 所在 cgroup 因内存被杀死的进程数" },
  }),
  // The machine.
  gauge("node_load1", "tasks", {
    labels: [],
    help: {
      en: "Load of the machine over a minute: tasks that ran, could have run or waited for a disk",
      zh: "本机一分钟平均负载：正在运行、可运行或等待磁盘的任务数",
    },
  }),
  counter("node_vmstat_oom_kill", "kills", {
    labels: [],
    help: { en: "Processes of the machine killed for memory", zh: "本机因内存被杀死的进程数" },
  }),
  gauge("node_memory_MemAvailable_bytes", "bytes", {
    labels: [],
    help: { en: "Memory of the machine that can still be had", zh: "本机可用内存" },
  }),
  gauge("node_memory_MemTotal_bytes", "bytes", {
    labels: [],
    help: { en: "Memory of the machine", zh: "本机内存总量" },
  }),
  counter("etcdscope_pressure_seconds_total", "seconds", {
    labels: ["scope", "resource"],
    help: {
      en: "Time that at least one task of the machine or of etcd's cgroup waited for CPU, memory or IO",
      zh: "本机或 etcd 所在 cgroup 至少有一个任务等待 CPU、内存或 IO 的时间",
    },
  }),
  // Disk of the data and WAL directories; labels as node_exporter, plus the role of the directory.
  counter("node_disk_writes_completed_total", "writes", {
    labels: ["device"],
    help: { en: "Writes completed by the device", zh: "设备完成的写操作" },
  }),
  counter("node_disk_write_time_seconds_total", "seconds", {
    labels: ["device"],
    help: { en: "Time spent on writes", zh: "写操作耗时" },
  }),
  counter("node_disk_written_bytes_total", "bytes", {
    labels: ["device"],
    help: { en: "Bytes written", zh: "写入字节数" },
  }),
  counter("node_disk_reads_completed_total", "reads", {
    labels: ["device"],
    help: { en: "Reads completed by the device", zh: "设备完成的读操作" },
  }),
  counter("node_disk_read_time_seconds_total", "seconds", {
    labels: ["device"],
    help: { en: "Time spent on reads", zh: "读操作耗时" },
  }),
  counter("node_disk_read_bytes_total", "bytes", {
    labels: ["device"],
    help: { en: "Bytes read", zh: "读取字节数" },
  }),
  counter("node_disk_io_time_seconds_total", "seconds", {
    labels: ["device"],
    help: { en: "Time the device was busy", zh: "设备忙碌时间" },
  }),
  gauge("node_disk_io_now", "requests", {
    labels: ["device"],
    help: { en: "Requests in flight", zh: "正在处理的请求" },
  }),
  gauge("node_filesystem_size_bytes", "bytes", {
    labels: ["role"],
    help: { en: "Size of the filesystem", zh: "文件系统大小" },
  }),
  gauge("node_filesystem_avail_bytes", "bytes", {
    labels: ["role"],
    help: { en: "Bytes available to etcd", zh: "etcd 可用字节数" },
  }),
  gauge("node_filesystem_files", "inodes", {
    labels: ["role"],
    help: { en: "Inodes of the filesystem", zh: "文件系统 inode 总数" },
  }),
  gauge("node_filesystem_files_free", "inodes", {
    labels: ["role"],
    help: { en: "Free inodes", zh: "空闲 inode" },
  }),
  gauge("etcdscope_fsync_probe_seconds", "seconds", {
    labels: [],
    help: {
      en: "Write of 2300 bytes and fdatasync beside the WAL",
      zh: "在 WAL 旁写入 2300 字节并 fdatasync 的耗时",
    },
  }),
  // The agent itself.
  counter("etcdscope_log_lines_total", "lines", {
    labels: [],
    help: { en: "Lines of etcd's log that the agent has read", zh: "代理读取的 etcd 日志行数" },
  }),
  counter("etcdscope_log_skipped_bytes_total", "bytes", {
    labels: [],
    help: { en: "Bytes of etcd's log jumped over in a flood", zh: "日志过多时跳过的 etcd 日志字节数" },
  }),
  counter("etcdscope_agent_paused_seconds_total", "seconds", {
    labels: [],
    help: {
      en: "Time in which the agent was not run for seconds and saw nothing",
      zh: "代理持续数秒未被调度、没有观测的时间",
    },
  }),
  counter("etcdscope_agent_cpu_seconds_total", "seconds", {
    labels: [],
    help: { en: "CPU time of the agent", zh: "代理的 CPU 时间" },
  }),
  gauge("etcdscope_agent_resident_memory_bytes", "bytes", {
    labels: [],
    help: { en: "Resident memory of the agent", zh: "代理常驻内存" },
  }),
  gauge("etcdscope_agent_queue_frames", "frames", {
    labels: [],
    help: { en: "Frames waiting for an acknowledgement", zh: "等待确认的帧" },
  }),
  gauge("etcdscope_agent_spool_bytes", "bytes", {
    labels: [],
    help: {
      en: "Frames on the node's disk, kept for a collector that was away",
      zh: "采集器不可达时保存在节点磁盘上的帧",
    },
  }),
  gauge("etcdscope_growth_bytes_per_second", "bytes per second", {
    labels: ["what"],
    help: {
      en: "Growth over the last hours: of the database in use (db), of what is used of its disks (data, wal)",
      zh: "最近几小时的增长速度：数据库实际使用量（db）、磁盘已用空间（data、wal）",
    },
  }),
  gauge("etcdscope_growth_window_seconds", "seconds", {
    labels: ["what"],
    help: { en: "The time that growth was measured over", zh: "增长速度的统计时长" },
  }),
  gauge("etcdscope_etcd_files", "files", {
    labels: ["kind"],
    help: { en: "Files in etcd's own directories, by kind", zh: "etcd 目录中各类文件数" },
  }),
  gauge("etcdscope_etcd_files_bytes", "bytes", {
    labels: ["kind"],
    help: { en: "Their sizes together", zh: "这些文件的总大小" },
  }),
  gauge("etcdscope_etcd_files_newest_age_seconds", "seconds", {
    labels: ["kind"],
    help: { en: "Age of the newest of them", zh: "其中最新文件的存在时间" },
  }),
];

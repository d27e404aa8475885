/** HEARTBEATS_LATE: the leader does not send its heartbeats in time: it is what CPU starvation and a slow disk look like first. */
import { createRateRule } from "../rate-rule.ts";

export const heartbeatsLate = createRateRule({
  code: "HEARTBEATS_LATE",
  runbook: "heartbeats-late",
  metric: "etcd_server_heartbeat_send_failures_total",
  threshold: "heartbeatsLatePerSecond",
  says: ["HEARTBEATS_LATE", "DISK_SLOW"],
  what: { en: "late heartbeats", zh: "心跳延迟" },
  detail: {
    en: "The leader is busy or held up: its followers elect another one when a pause reaches the election timeout. etcd's log blames the disk for it, also when CPU or large reads are to blame",
    zh: "leader 过忙或受阻：停顿达到选举超时后 follower 会重新选举。etcd 日志会归咎于磁盘，即使原因是 CPU 或大范围读取",
  },
});

/** SLOW_REQUESTS: etcd takes longer than 100 ms to apply request after request. */
import { createRateRule } from "../rate-rule.ts";

export const slowRequests = createRateRule({
  code: "SLOW_REQUESTS",
  runbook: "slow-requests",
  metric: "etcd_server_slow_apply_total",
  threshold: "slowRequestsPerSecond",
  says: ["SLOW_REQUESTS", "LARGE_RESPONSES"],
  what: { en: "slow requests", zh: "慢请求" },
  detail: {
    en: "Each took longer than 100 ms to apply. When neither disk nor CPU explains it, look for large ranges: etcd's log names them (apply request took too long, with range_response_count and size)",
    zh: "每次应用均超过 100 毫秒。若磁盘和 CPU 都不能解释，请查找大范围读取：etcd 日志会给出（apply request took too long，含 range_response_count 和 size）",
  },
});

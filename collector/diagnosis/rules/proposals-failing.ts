/** PROPOSALS_FAILING: writes fail in raft, again and again. */
import { createRateRule } from "../rate-rule.ts";

export const proposalsFailing = createRateRule({
  code: "PROPOSALS_FAILING",
  runbook: "proposals-failing",
  metric: "etcd_server_proposals_failed_total",
  threshold: "proposalsFailedPerSecond",
  what: { en: "failed writes", zh: "写入失败" },
  detail: {
    en: "Clients of this member get errors or timeouts for writes: during an election for a moment, without a majority for good. See who leads before anything is restarted",
    zh: "该成员的客户端写入会出错或超时：选举期间短暂出现，没有多数派时持续出现。重启任何东西之前请先确认 leader",
  },
});

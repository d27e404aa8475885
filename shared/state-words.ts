/** The words for states that commands and console both show: the same state is never called two things. */
import type { MemberState, Severity, Verdict } from "./rest.ts";
import type { Text } from "./text.ts";

export const VERDICT_WORDS: Readonly<Record<Verdict, Text>> = {
  healthy: { en: "Healthy", zh: "健康" },
  degraded: { en: "Degraded", zh: "降级" },
  "at-risk": { en: "At risk", zh: "有风险" },
  "no-leader": { en: "No leader", zh: "无 leader" },
  "quorum-lost": { en: "Quorum lost", zh: "失去法定人数" },
  unknown: { en: "Unknown", zh: "未知" },
};

export const MEMBER_STATE_WORDS: Readonly<Record<MemberState, Text>> = {
  serving: { en: "serving", zh: "可用" },
  "no-quorum": { en: "no quorum", zh: "无法定人数" },
  hung: { en: "hung", zh: "挂起" },
  down: { en: "down", zh: "停止" },
  unreachable: { en: "unreachable", zh: "不可达" },
  removed: { en: "removed", zh: "已移除" },
  unknown: { en: "unknown", zh: "未知" },
};

export const SEVERITY_WORDS: Readonly<Record<Severity, Text>> = {
  critical: { en: "critical", zh: "严重" },
  warning: { en: "warning", zh: "警告" },
  info: { en: "info", zh: "提示" },
};

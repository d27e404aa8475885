/** The words that the commands put around what the collector says, in both languages. */
import type { AgentState, MemberRole } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";

/** A terminal has no large type. */
export function shout({ en, zh }: Text): Text {
  return { en: en.toUpperCase(), zh };
}

export const ROLE_WORDS: Readonly<Record<MemberRole, Text>> = {
  leader: { en: "leader", zh: "leader" },
  follower: { en: "follower", zh: "follower" },
  learner: { en: "learner", zh: "learner" },
  unknown: { en: "-", zh: "-" },
};

export const AGENT_WORDS: Readonly<Record<AgentState, Text>> = {
  online: { en: "online", zh: "在线" },
  silent: { en: "silent", zh: "失联" },
  "never-seen": { en: "none", zh: "无" },
};

/** Labels in front of the lines under a headline; at most 8 columns each. */
export const LABELS = {
  cause: { en: "cause", zh: "原因" },
  effect: { en: "effect", zh: "影响" },
  not: { en: "not", zh: "排除" },
  now: { en: "now", zh: "现在" },
  doNot: { en: "do not", zh: "不要" },
  unseen: { en: "unseen", zh: "未见" },
} as const satisfies Record<string, Text>;

export const HEADS = {
  member: { en: "MEMBER", zh: "成员" },
  role: { en: "ROLE", zh: "角色" },
  state: { en: "STATE", zh: "状态" },
  version: { en: "VERSION", zh: "版本" },
  database: { en: "DB (IN USE)", zh: "数据库(使用)" },
  applied: { en: "APPLIED", zh: "已应用" },
  agent: { en: "AGENT", zh: "代理" },
  metric: { en: "METRIC", zh: "指标" },
  unit: { en: "UNIT", zh: "单位" },
  about: { en: "ABOUT", zh: "说明" },
} as const satisfies Record<string, Text>;

const DURATION_UNITS = [
  { ms: 86_400_000, en: "d", zh: "天" },
  { ms: 3_600_000, en: "h", zh: "小时" },
  { ms: 60_000, en: "min", zh: "分钟" },
  { ms: 1_000, en: "s", zh: "秒" },
] as const;

/** "4 min ago". */
export function ago(durationMs: number): Text {
  const unit = DURATION_UNITS.find(({ ms }) => durationMs >= ms);
  if (unit === undefined) {
    return { en: "now", zh: "刚刚" };
  }
  const amount = Math.floor(durationMs / unit.ms);
  return { en: `${amount} ${unit.en} ago`, zh: `${amount} ${unit.zh}前` };
}

/** "28 min", for how long something lasted. */
export function formatDurationWords(durationMs: number): Text {
  const unit = DURATION_UNITS.find(({ ms }) => durationMs >= ms);
  if (unit === undefined) {
    return { en: `${Math.round(durationMs)} ms`, zh: `${Math.round(durationMs)} 毫秒` };
  }
  const amount = Math.floor(durationMs / unit.ms);
  return { en: `${amount} ${unit.en}`, zh: `${amount} ${unit.zh}` };
}

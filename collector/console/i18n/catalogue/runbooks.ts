/** Words of the runbooks. */
import type { Text } from "../../../../shared/text.ts";

export const RUNBOOKS = {
  title: { en: "Runbooks", zh: "处置手册" },
  needed: { en: "For what is found now", zh: "针对当前发现" },
  nothing: { en: "Nothing is found that needs steps", zh: "没有需要处置的发现" },
  all: { en: "All checks", zh: "全部检查项" },
  forMember: { en: "for", zh: "针对" },
  neverRun: {
    en: "etcdscope runs none of this. You do, and the preconditions are checked against the cluster as it is now.",
    zh: "etcdscope 不会执行任何命令，由您执行；前提条件按集群当前状态检查。",
  },
  doNot: { en: "Do not", zh: "不要" },
  blanks: { en: "Fill in first", zh: "先填写" },
  where: { en: "on", zh: "在" },
  anywhere: { en: "wherever etcdctl and its certificates are", zh: "任何有 etcdctl 及其证书的地方" },
  precondition: { en: "Before", zh: "前提" },
  met: { en: "met", zh: "满足" },
  refused: { en: "not met: do not go on", zh: "不满足：不要继续" },
  unknown: { en: "not known: find out first", zh: "未知：请先确认" },
  verify: { en: "Afterwards", zh: "之后确认" },
  undo: { en: "To undo", zh: "如何撤销" },
} as const satisfies Record<string, Text>;

/** START_FAILED: etcd ends at its start for a reason that no other rule knows; its own words are told. */
import { createStartRule } from "../start-rule.ts";

export const startFailed = createStartRule({
  code: "START_FAILED",
  runbook: "start-failed",
  says: [
    "START_FAILED",
    "ETCD_PANIC",
    "DOWNGRADE_BLOCKED",
    "TOO_MANY_LEARNERS",
    "MEMBERSHIP_MISMATCH",
    "START_CLUSTER_UNREACHABLE",
  ],
  isFallback: true,
  what: { en: "it ended itself, its log says why", zh: "自行退出，日志说明了原因" },
  detail: {
    en: "Read the lines around it on the node; keep them before etcd is started again",
    zh: "请在该节点上查看前后的日志，并在再次启动 etcd 之前保留",
  },
});

/** QUOTA_NEAR: the database file comes near the quota in force. */
import { createEvidence } from "../evidence.ts";
import { formatBytes, formatRatio } from "../format.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findNode } from "../judged-cluster.ts";
import { readQuota } from "../quota.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const quotaNear: Rule = {
  code: "QUOTA_NEAR",
  layer: "storage",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "quota-near",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: (cluster, thresholds) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(cluster, member, thresholds)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember, thresholds: Thresholds): RuleOutcome {
  const subject = memberSubject(member.name);
  const node = findNode(cluster, member.view.node);
  const size = member.view.dbSizeBytes;
  const quotaBytes = node === undefined || !node.agent.isCurrent ? undefined : readQuota(node.state);
  if (node === undefined || quotaBytes === undefined || size === undefined) {
    const reason = {
      en: `size or quota of ${member.name} is not known: no agent that is heard tells them`,
      zh: `不知道 ${member.name} 的大小或配额：没有在线的代理提供`,
    };
    return { kind: "unknown", subject, reason };
  }
  const ratio = size / quotaBytes;
  const [used, quota, share] = [formatBytes(size), formatBytes(quotaBytes), formatRatio(ratio)];
  const text = {
    en: `${used} of the quota of ${quota} (${share})`,
    zh: `配额 ${quota} 已用 ${used}（${share}）`,
  };
  if (ratio < thresholds.quotaNearRatio) {
    return { kind: "ok", subject, because: text };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `${member.name} nears its quota`, zh: `${member.name} 接近配额` },
    detail: {
      en: `The database takes ${text.en}; at the quota etcd refuses all writes`,
      zh: `数据库${text.zh}；达到配额后 etcd 将拒绝所有写入`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "Status", atMs: node.state.atMs }, text, {
        value: size,
        threshold: Math.round(quotaBytes * thresholds.quotaNearRatio),
        unit: "bytes",
      }),
    ],
  };
}

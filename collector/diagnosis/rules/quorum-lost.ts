/** QUORUM_LOST: it is proven that no group of voters reaches a majority. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const quorumLost: Rule = {
  code: "QUORUM_LOST",
  layer: "cluster",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "quorum-lost",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { quorum } = cluster;
  if (cluster.verdict === "unknown") {
    return { kind: "unknown", subject, reason: cluster.headline };
  }
  if (cluster.verdict !== "quorum-lost") {
    const because = {
      en: `a majority of ${quorum.needed} voters is up and connected`,
      zh: `${quorum.needed} 个投票成员的多数派在线且互通`,
    };
    return { kind: "ok", subject, because };
  }
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: "Quorum is lost: the cluster takes no writes",
      zh: "集群失去多数派：无法写入",
    },
    detail: cluster.headline,
    evidence: cluster.members
      .filter(({ isVoter, state }) => isVoter && state !== "serving")
      .map((member) =>
        createEvidence(
          { node: member.view.node ?? member.name, source: "viewpoints", atMs: cluster.nowMs },
          { en: `${member.name}: ${member.why.en}`, zh: `${member.name}：${member.why.zh}` },
        ),
      ),
  };
}

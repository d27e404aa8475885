/** QUORUM_AT_RISK: a majority holds, and the next failure ends it, in a cluster that is built to stand one. */
import type { MemberState } from "../../../shared/rest.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const quorumAtRisk: Rule = {
  code: "QUORUM_AT_RISK",
  layer: "cluster",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, warning: "30m" },
  runbook: "quorum-at-risk",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { quorum, verdict } = cluster;
  if (verdict === "unknown") {
    return { kind: "unknown", subject, reason: cluster.headline };
  }
  // While a leader is being elected nobody serves; then those that can vote count.
  const voters = cluster.members.filter(({ isVoter }) => isVoter);
  const isLeft = (state: MemberState): boolean =>
    cluster.leader === undefined ? isUp(state) : state === "serving";
  const keep = voters.filter(({ state }) => isLeft(state)).map(({ name }) => name);
  const left = keep.length;
  if (verdict !== "at-risk" || left - quorum.needed > 0) {
    return { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: "The next failure stops all writes", zh: "再有一个故障将停止所有写入" },
    detail: {
      en: `${left} of ${quorum.voters} voters are left, ${quorum.needed} are needed: do not stop ${keep.join(" or ")}`,
      zh: `${quorum.voters} 个投票成员剩 ${left} 个，需要 ${quorum.needed} 个：不要停止 ${keep.join(" 或 ")}`,
    },
    evidence: voters
      .filter(({ state }) => state !== "serving")
      .map((member) =>
        createEvidence(
          { node: member.view.node ?? member.name, source: "viewpoints", atMs: cluster.nowMs },
          { en: `${member.name}: ${member.why.en}`, zh: `${member.name}：${member.why.zh}` },
          { value: left, threshold: quorum.needed, unit: "voters" },
        ),
      ),
  };
}

/** EVEN_VOTERS: an even number of voters stands no more failures than one fewer, and halves have no majority. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const evenVoters: Rule = {
  code: "EVEN_VOTERS",
  layer: "cluster",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "even-voters",
  // A member is being replaced, for as long.
  holdMs: 60_000,
  quietMs: 90_000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { voters, needed } = cluster.quorum;
  if (cluster.view.membership.source !== "list") {
    const reason = { en: "no member list was seen yet", zh: "尚未看到成员列表" };
    return { kind: "unknown", subject, reason };
  }
  if (voters % 2 === 1 || voters === 0) {
    return { kind: "ok", subject };
  }
  const stood = voters - needed;
  const text = {
    en: `${voters} voters, ${needed} needed: ${stood === 0 ? "none may fail" : `${stood} may fail`}`,
    zh: `${voters} 个投票成员，需要 ${needed} 个：可容忍 ${stood} 个故障`,
  };
  return {
    kind: "bad",
    subject,
    severity: "info",
    title: { en: `${voters} voters are an even number`, zh: `投票成员为偶数：${voters} 个` },
    detail: {
      en: `${text.en}, as with ${voters - 1}. Add one (as a learner first) or remove one that is not needed`,
      zh: `${text.zh}，与 ${voters - 1} 个时相同。请增加一个（先作为 learner）或移除一个不需要的`,
    },
    evidence: [
      createEvidence(
        {
          node: cluster.view.membership.from ?? cluster.view.cluster,
          source: "member list",
          atMs: cluster.nowMs,
        },
        text,
        { value: voters, unit: "voters" },
      ),
    ],
  };
}

/** LEARNER_NOT_PROMOTED: a learner has been one for long: it copies everything and counts for nothing. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const learnerNotPromoted: Rule = {
  code: "LEARNER_NOT_PROMOTED",
  layer: "cluster",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "learner-not-promoted",
  // A large database takes minutes to copy.
  holdMs: 600_000,
  quietMs: 660_000,
  evaluate: (cluster) =>
    cluster.members
      .filter(({ view }) => view.isLearner && !view.isRemoved)
      .map((member) => evaluateLearner(cluster, member)),
};

function evaluateLearner(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { name, why } = member;
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: "info",
    title: { en: `${name} is still a learner`, zh: `${name} 仍是 learner` },
    detail: {
      en: `It does not vote, and ${why.en}. When it has caught up, promote it: etcdctl member promote ${member.view.memberId}; or remove it`,
      zh: `它没有投票权，${why.zh}。追上之后请提升：etcdctl member promote ${member.view.memberId}；或将其移除`,
    },
    evidence: [
      createEvidence(
        { node: cluster.view.membership.from ?? name, source: "member list", atMs: cluster.nowMs },
        { en: `${name} is listed as a learner`, zh: `${name} 在列表中为 learner` },
      ),
    ],
  };
}

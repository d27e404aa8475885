/** LEARNER_NOT_PROMOTED: a learner has been one for long: it copies everything and counts for nothing. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
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

/** Between "member add" and the first start. */
const STARTED_WITHIN_MS = 30_000;

function evaluateLearner(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { name, why } = member;
  // The list has no name for a member until it has been started.
  if (name === member.view.memberId && !isUp(member.state)) {
    return describeUnstarted(cluster, member);
  }
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

function describeUnstarted(cluster: JudgedCluster, { name, view }: JudgedMember): RuleOutcome {
  const seenBy = cluster.view.membership.from ?? name;
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: "info",
    title: {
      en: `The learner ${name} was added and has never been started`,
      zh: `learner ${name} 已添加但从未启动`,
    },
    detail: {
      en: `Start it with an empty data directory, --initial-cluster-state=existing and the --initial-cluster that "member add" printed; or take it off the list: etcdctl member remove ${view.memberId}. Until then etcd takes no other learner, by default`,
      zh: `请用空数据目录、--initial-cluster-state=existing 和 “member add” 输出的 --initial-cluster 启动它；或将其移除：etcdctl member remove ${view.memberId}。默认情况下，在此之前 etcd 不接受其他 learner`,
    },
    evidence: [
      createEvidence(
        { node: seenBy, source: "member list", atMs: cluster.nowMs },
        { en: `${name} is listed as a learner without a name`, zh: `${name} 在列表中为没有名字的 learner` },
      ),
    ],
    holdMs: STARTED_WITHIN_MS,
  };
}

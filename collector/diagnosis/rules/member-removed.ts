/** MEMBER_REMOVED: a node still has a member that the cluster has removed: it can never join again with this data. */
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const memberRemoved: Rule = {
  code: "MEMBER_REMOVED",
  layer: "cluster",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "member-removed",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => cluster.members.map((member) => evaluateMember(cluster, member)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { name, view } = member;
  const subject = memberSubject(name);
  if (cluster.view.membership.source !== "list") {
    const reason = { en: "no member list was seen yet", zh: "尚未看到成员列表" };
    return { kind: "unknown", subject, reason };
  }
  if (!view.isRemoved) {
    return {
      kind: "ok",
      subject,
      because: { en: `${name} is on the member list`, zh: `${name} 在成员列表中` },
    };
  }
  const node = view.node ?? name;
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `${name} was removed from the cluster`, zh: `${name} 已被移出集群` },
    detail: {
      en: `The etcd on ${node} was member ${view.memberId} and is on no list any more: it ends at each start. To bring it back: etcdctl member add, an empty data directory, --initial-cluster-state=existing. Else stop its unit`,
      zh: `${node} 上的 etcd 曾是成员 ${view.memberId}，现已不在任何列表中：每次启动都会退出。要恢复请执行 etcdctl member add，清空数据目录，并设置 --initial-cluster-state=existing；否则请停用其服务`,
    },
    evidence: [
      createEvidence(
        { node: cluster.view.membership.from ?? node, source: "member list", atMs: cluster.nowMs },
        { en: `${view.memberId} is not listed`, zh: `列表中没有 ${view.memberId}` },
      ),
    ],
  };
}

/** MEMBER_REMOVED: a node still has a member that the cluster has removed: it can never join again with this data. */
import type { Evidence } from "../../../shared/rest.ts";
import type { NodeView } from "../../view/cluster-view.ts";
import { findRun } from "../../view/node-reading.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findNode } from "../judged-cluster.ts";
import { listLastWords, listSayings, proveBySaying } from "../log-evidence.ts";
import type { Saying } from "../log-evidence.ts";
import { isUp } from "../member-state.ts";
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
  const said = findFarewell(cluster, member);
  if (
    !view.isRemoved &&
    said !== undefined &&
    !isUp(member.state) &&
    !isListedSince(cluster, member, said.saying.atMs)
  ) {
    return describe(member, [proveBySaying(said.node, said.saying)]);
  }
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
  const unlisted = createEvidence(
    { node: cluster.view.membership.from ?? view.node ?? name, source: "member list", atMs: cluster.nowMs },
    { en: `${view.memberId} is not listed`, zh: `列表中没有 ${view.memberId}` },
  );
  const farewell = said === undefined ? [] : [proveBySaying(said.node, said.saying)];
  return describe(member, [unlisted, ...farewell]);
}

interface Farewell {
  readonly node: NodeView;
  readonly saying: Saying;
}

/** What only the removed member's own log says; others say that somebody was removed. */
const FAREWELL = /permanently removed from the cluster|data-dir used by this member must be removed/;

/** Since it last answered: a member that was added again under its old name has answered since. */
function findFarewell(cluster: JudgedCluster, { name, view }: JudgedMember): Farewell | undefined {
  const node = findNode(cluster, view.node);
  if (node === undefined || !node.agent.isCurrent) {
    return undefined;
  }
  const sinceMs = findRun(node.state, "status", name)?.lastOkAtMs ?? 0;
  const fromMs = sinceMs - ANSWERS_LATE_MS;
  const all = [...listLastWords(node.state, fromMs), ...listSayings(node.state, undefined, fromMs)];
  const saying = all.findLast(
    ({ code, said, line }) => code === "MEMBER_REMOVED" && (FAREWELL.test(said) || FAREWELL.test(line)),
  );
  return saying === undefined ? undefined : { node, saying };
}

/** It may answer once more after it has been told. */
const ANSWERS_LATE_MS = 5000;

/** The list of a node other than its own names it, and was read after that: what its log says is over. */
function isListedSince(cluster: JudgedCluster, member: JudgedMember, saidAtMs: number): boolean {
  const { source, from } = cluster.view.membership;
  if (source !== "list" || from === undefined || from === member.view.node) {
    return false;
  }
  const reader = findNode(cluster, from);
  const readAtMs = reader === undefined ? undefined : findRun(reader.state, "members", "")?.lastOkAtMs;
  return readAtMs !== undefined && readAtMs > saidAtMs;
}

function describe({ name, view }: JudgedMember, evidence: readonly Evidence[]): RuleOutcome {
  const node = view.node ?? name;
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: "warning",
    title: { en: `${name} was removed from the cluster`, zh: `${name} 已被移出集群` },
    detail: {
      en: `The etcd on ${node} was member ${view.memberId} and is on no list any more: it ends at each start. To bring it back: etcdctl member add, an empty data directory, --initial-cluster-state=existing. Else stop its unit`,
      zh: `${node} 上的 etcd 曾是成员 ${view.memberId}，现已不在任何列表中：每次启动都会退出。要恢复请执行 etcdctl member add，清空数据目录，并设置 --initial-cluster-state=existing；否则请停用其服务`,
    },
    evidence,
  };
}

/** MEMBERSHIP_MISMATCH: a member holds another member list of the same cluster, for longer than a change takes to arrive. */
import { formatId } from "../../../shared/member-id.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const membershipMismatch: Rule = {
  code: "MEMBERSHIP_MISMATCH",
  layer: "cluster",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "membership-mismatch",
  // Lists are read once a minute, and at once when etcd returns.
  holdMs: 90_000,
  quietMs: 91_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, cluster }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const held = node.state.remembered.membership;
  const { membership } = cluster.view;
  if (held === undefined || membership.source !== "list") {
    const reason = {
      en: `the member list that ${node.name} holds is not known`,
      zh: `不知道 ${node.name} 持有的成员列表`,
    };
    return { kind: "unknown", subject, reason };
  }
  // Of another cluster altogether, or removed since: CLUSTER_ID_MISMATCH and MEMBER_REMOVED tell those.
  if (cluster.members.some(({ view }) => view.isRemoved && view.node === node.name)) {
    return { kind: "ok", subject };
  }
  if (!membership.disagreeing.includes(node.name) || held.list.clusterId !== membership.clusterId) {
    return { kind: "ok", subject };
  }
  const listed = held.list.members.map(({ id, name }) => (name === "" ? formatId(id) : name)).sort();
  const wanted = cluster.members
    .filter(({ view }) => !view.isRemoved)
    .map(({ name }) => name)
    .sort();
  const text = {
    en: `it lists ${listed.join(", ")}; ${membership.from ?? "the others"}: ${wanted.join(", ")}`,
    zh: `其列表为 ${listed.join("、")}；${membership.from ?? "其他成员"}：${wanted.join("、")}`,
  };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `The etcd on ${node.name} holds another member list`,
      zh: `${node.name} 上的 etcd 持有不同的成员列表`,
    },
    detail: {
      en: `${text.en}. It has not applied the last change of members: see why it is behind before the next change`,
      zh: `${text.zh}。它尚未应用最近的成员变更：再次变更之前请先查明其落后原因`,
    },
    evidence: [createEvidence({ node: node.name, source: "member list", atMs: held.atMs }, text)],
  };
}

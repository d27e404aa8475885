/** What a rule about nodes, or about members beside their nodes, does before it looks: it asks only agents that speak of now. */
import type { NodeView } from "../view/cluster-view.ts";
import { findSilence } from "./evidence.ts";
import type { JudgedCluster, JudgedMember } from "./judged-cluster.ts";
import { findNode } from "./judged-cluster.ts";
import type { Rule, RuleOutcome } from "./rule.ts";
import { memberSubject } from "./rule.ts";
import type { Thresholds } from "./thresholds.ts";

export interface NodeLook {
  readonly node: NodeView;
  readonly cluster: JudgedCluster;
  readonly thresholds: Thresholds;
  /** Samples of normal probes older than this say nothing of now. */
  readonly sinceMs: number;
}

/** Asks `check` of each node; a silent one is unknown. */
export function eachNode(check: (look: NodeLook) => RuleOutcome): Rule["evaluate"] {
  return (cluster, thresholds) =>
    cluster.view.nodes.map(
      (node) =>
        findSilence(node) ??
        check({ node, cluster, thresholds, sinceMs: cluster.nowMs - thresholds.normalStaleMs }),
    );
}

export interface MemberLook extends NodeLook {
  readonly member: JudgedMember;
}

/** Asks `check` of each member with its own node; unknown where no agent beside it is heard. Removed ones are left out. */
export function eachMember(check: (look: MemberLook) => RuleOutcome): Rule["evaluate"] {
  return (cluster, thresholds) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => {
        const node = findNode(cluster, member.view.node);
        if (node === undefined || !node.agent.isCurrent) {
          const reason = {
            en: `no agent that is heard is beside ${member.name}`,
            zh: `${member.name} 旁没有在线的代理`,
          };
          return { kind: "unknown", subject: memberSubject(member.name), reason };
        }
        return check({
          node,
          member,
          cluster,
          thresholds,
          sinceMs: cluster.nowMs - thresholds.normalStaleMs,
        });
      });
}

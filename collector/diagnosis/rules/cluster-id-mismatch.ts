/** CLUSTER_ID_MISMATCH: the etcd of a node belongs to another cluster than the others. It leads, answers and takes writes there. */
import { formatId } from "../../../shared/member-id.ts";
import { listFacts } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { addSayings } from "../log-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** The agent tells once a minute what the log goes on saying. */
const SAID_WITHIN_MS = 150_000;

export const clusterIdMismatch: Rule = {
  code: "CLUSTER_ID_MISMATCH",
  layer: "cluster",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "cluster-id-mismatch",
  holdMs: 0,
  quietMs: 2000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, cluster }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const own = listFacts(node.state, "status").find((status) => status.own);
  const expected = cluster.view.membership.clusterId;
  if (own === undefined || own.clusterId === 0n || expected === 0n) {
    const reason = {
      en: `which cluster the etcd on ${node.name} belongs to is not known`,
      zh: `不知道 ${node.name} 上的 etcd 属于哪个集群`,
    };
    return { kind: "unknown", subject, reason };
  }
  if (own.clusterId === expected) {
    return { kind: "ok", subject };
  }
  const [seen, wanted] = [formatId(own.clusterId), formatId(expected)];
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `The etcd on ${node.name} belongs to another cluster (${seen})`,
      zh: `${node.name} 上的 etcd 属于另一个集群（${seen}）`,
    },
    detail: {
      en: `The others are cluster ${wanted}. It was bootstrapped alone, or has old data, and takes writes of clients that know its address: those are lost to the cluster. Take it off their endpoints, stop it, keep a copy of its data, then join it anew`,
      zh: `其他成员的集群为 ${wanted}。它是单独引导的或带有旧数据，且会接受知道其地址的客户端写入：这些写入不会进入集群。请先从客户端端点中移除它，停止并备份其数据，再重新加入`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "Status", atMs: node.state.atMs },
        { en: `cluster ID ${seen}, the others ${wanted}`, zh: `集群 ID ${seen}，其他成员为 ${wanted}` },
      ),
      ...addSayings(node, ["CLUSTER_ID_MISMATCH"], cluster.nowMs - SAID_WITHIN_MS),
    ],
  };
}

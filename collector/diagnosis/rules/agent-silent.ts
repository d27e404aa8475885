/** AGENT_SILENT: an agent that was heard is not heard any more. It says nothing of the member beside it. */
import type { NodeView } from "../../view/cluster-view.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { findMember } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const agentSilent: Rule = {
  code: "AGENT_SILENT",
  layer: "agent",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "agent-silent",
  // The view's own limit is the hold.
  holdMs: 0,
  quietMs: 1500,
  evaluate: (cluster, { agentSilentMs }) =>
    cluster.view.nodes.map((node) => evaluateNode(cluster, node, agentSilentMs)),
};

function evaluateNode(cluster: JudgedCluster, node: NodeView, agentSilentMs: number): RuleOutcome {
  const subject = nodeSubject(node.name);
  const { agent } = node;
  if (agent.state === "online") {
    const reason = {
      en: "the collector has just started, or the agent still sends what it had kept",
      zh: "采集器刚启动，或代理仍在补发保存的数据",
    };
    return agent.isCurrent ? { kind: "ok", subject } : { kind: "unknown", subject, reason };
  }
  const heardAtMs = agent.lastHeardAtMs ?? cluster.nowMs;
  const member = node.member === undefined ? undefined : findMember(cluster, node.member);
  const seen =
    member === undefined
      ? { en: "", zh: "" }
      : { en: `. ${member.name}: ${member.why.en}`, zh: `。${member.name}：${member.why.zh}` };
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `The agent on ${node.name} is silent`, zh: `${node.name} 上的代理没有消息` },
    detail: {
      en: `Nothing came from it since ${new Date(heardAtMs).toISOString()}${seen.en}`,
      zh: `自 ${new Date(heardAtMs).toISOString()} 起没有收到任何数据${seen.zh}`,
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "collector", atMs: heardAtMs },
        { en: "last frame received", zh: "最后一次收到数据帧" },
        { value: cluster.nowMs - heardAtMs, threshold: agentSilentMs, unit: "ms" },
      ),
    ],
    sinceMs: heardAtMs,
  };
}

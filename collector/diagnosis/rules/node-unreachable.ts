/** NODE_UNREACHABLE: the agent of a node is silent and no viewpoint reaches its member. */
import { listRefusals } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { severityOfLoss } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const nodeUnreachable: Rule = {
  code: "NODE_UNREACHABLE",
  layer: "network",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "node-unreachable",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(cluster, member)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { view } = member;
  const subject = nodeSubject(view.node ?? member.name);
  if (view.agent.isCurrent) {
    const because = {
      en: `the agent on ${subject.name} is heard`,
      zh: `${subject.name} 上的代理在线`,
    };
    return { kind: "ok", subject, because };
  }
  const refused = view.viewpoints.find(({ answer }) => answer === "refused");
  if (refused !== undefined) {
    const because = {
      en: `${subject.name} refuses ${refused.node} at once: the machine is up`,
      zh: `${subject.name} 立即拒绝 ${refused.node}：机器在线`,
    };
    return { kind: "ok", subject, because };
  }
  if (member.state !== "unreachable") {
    return member.state === "unknown"
      ? { kind: "unknown", subject, reason: member.why }
      : { kind: "ok", subject };
  }
  // Whoever looks may be the one that is cut off.
  const isCutOff = cluster.verdict === "unknown";
  return {
    kind: "bad",
    subject,
    severity: isCutOff ? "warning" : severityOfLoss(cluster, member),
    title: { en: `${subject.name} cannot be reached`, zh: `无法访问 ${subject.name}` },
    detail: { en: `${member.name}: ${member.why.en}`, zh: `${member.name}：${member.why.zh}` },
    evidence: listRefusals(view),
    confidence: isCutOff ? "possible" : "likely",
    ...(member.sinceMs === undefined ? {} : { sinceMs: member.sinceMs }),
  };
}

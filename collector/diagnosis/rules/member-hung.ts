/** MEMBER_HUNG: the process is there and does not answer. */
import { createEvidence, listRefusals } from "../evidence.ts";
import { proveByHealth } from "../health-evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { findNode, severityOfLoss } from "../judged-cluster.ts";
import { proveUnheld } from "../port-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const memberHung: Rule = {
  code: "MEMBER_HUNG",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "member-hung",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(cluster, member)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { view, name, state } = member;
  const subject = memberSubject(name);
  if (state === "unknown" || state === "unreachable") {
    return { kind: "unknown", subject, reason: member.why };
  }
  if (state !== "hung") {
    return { kind: "ok", subject };
  }
  const process = view.process;
  const node = findNode(cluster, view.node);
  const proof =
    process === undefined || view.node === undefined
      ? []
      : [
          createEvidence(
            { node: view.node, source: "/proc", atMs: process.sinceMs },
            {
              en: `process ${process.fact.pid} of etcd is there`,
              zh: `etcd 进程 ${process.fact.pid} 存在`,
            },
          ),
        ];
  return {
    kind: "bad",
    subject,
    severity: severityOfLoss(cluster, member),
    title: { en: `${name} hangs: ${member.why.en}`, zh: `${name} 已挂起：${member.why.zh}` },
    detail: {
      en: "It takes part in nothing. A check of its TCP port alone may still pass",
      zh: "它不参与任何工作。仅检查其 TCP 端口仍可能通过",
    },
    evidence: [
      ...proof,
      ...(node === undefined ? [] : proveByHealth(node)),
      ...proveUnheld(cluster, member),
      ...listRefusals(view),
    ],
    ...(member.sinceMs === undefined ? {} : { sinceMs: member.sinceMs }),
  };
}

/** PROPOSALS_PENDING: many writes wait to be committed, at two looks in a row. */
import { listPoints } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

export const proposalsPending: Rule = {
  code: "PROPOSALS_PENDING",
  layer: "performance",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "proposals-pending",
  // The two looks are the hold.
  holdMs: 0,
  quietMs: 20_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, thresholds, sinceMs }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const points = listPoints(node.state, { metric: "etcd_server_proposals_pending" }, sinceMs);
  const [before, last] = [points.at(-2), points.at(-1)];
  if (before === undefined || last === undefined) {
    const reason = {
      en: `how many writes wait on ${node.name} is not known`,
      zh: `不知道 ${node.name} 上等待的写入数`,
    };
    return { kind: "unknown", subject, reason, isBeyondOneLook: true };
  }
  const text = { en: `${last.value} writes wait`, zh: `${last.value} 个写入在等待` };
  if (Math.min(before.value, last.value) < thresholds.proposalsPending) {
    return { kind: "ok", subject, because: text };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: { en: `${text.en} to be committed on ${node.name}`, zh: `${node.name} 上有 ${text.zh}提交` },
    detail: {
      en: "More is written than raft gets through, or it does not get through at all: see disk, leader and majority; then slow the client that writes most",
      zh: "写入超过 raft 的处理能力，或根本无法处理：请检查磁盘、leader 和多数派，然后限制写入最多的客户端",
    },
    evidence: [
      createEvidence({ node: node.name, source: "/metrics", atMs: last.atMs }, text, {
        value: last.value,
        threshold: thresholds.proposalsPending,
        unit: "proposals",
      }),
    ],
  };
}

/** FD_NEAR_LIMIT: etcd nears its limit of open files. It keeps 150 for itself and lets each listener hang beyond the rest. */
import { findPoint } from "../../view/node-reading.ts";
import { eachNode } from "../each-node.ts";
import type { NodeLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** etcd's own reserve: a listener takes at most the limit less this many connections, then connects and hangs, without a log line. */
const RESERVED = 150;

export const fdNearLimit: Rule = {
  code: "FD_NEAR_LIMIT",
  layer: "process",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "fd-near-limit",
  holdMs: 0,
  quietMs: 30_000,
  evaluate: eachNode(evaluateNode),
};

function evaluateNode({ node, thresholds, sinceMs }: NodeLook): RuleOutcome {
  const subject = nodeSubject(node.name);
  const open = findPoint(node.state, { metric: "process_open_fds" }, sinceMs);
  const limit = findPoint(node.state, { metric: "process_max_fds" }, sinceMs);
  if (open === undefined || limit === undefined) {
    const reason = {
      en: `the open files of etcd on ${node.name} are not known`,
      zh: `不知道 ${node.name} 上 etcd 打开的文件数`,
    };
    return { kind: "unknown", subject, reason };
  }
  const most = Math.max(1, Math.floor((limit.value - RESERVED) * thresholds.openFilesRatio));
  const text = {
    en: `${open.value} files are open, the limit is ${limit.value}`,
    zh: `已打开 ${open.value} 个文件，上限 ${limit.value}`,
  };
  if (open.value < most) {
    return { kind: "ok", subject, because: text };
  }
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: {
      en: `etcd on ${node.name} nears its limit of open files: ${open.value} of ${limit.value}`,
      zh: `${node.name} 上的 etcd 接近打开文件数上限：${open.value}/${limit.value}`,
    },
    detail: {
      en: `etcd keeps ${RESERVED} for itself: past the rest, new connections are taken and never answered, without a log line. Raise LimitNOFILE, or find the client that keeps connections open`,
      zh: `etcd 为自己保留 ${RESERVED} 个：超出后新连接被接受却得不到应答，也没有日志。请提高 LimitNOFILE，或找出占用连接的客户端`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "/proc", atMs: open.atMs }, text, {
        value: open.value,
        threshold: most,
        unit: "descriptors",
      }),
    ],
  };
}

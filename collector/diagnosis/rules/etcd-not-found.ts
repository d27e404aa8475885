/** ETCD_NOT_FOUND: a node that should run an etcd runs none, and nobody knows which member it would be. */
import { ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import type { NodeView } from "../../view/cluster-view.ts";
import { findFact } from "../../view/node-reading.ts";
import type { Text } from "../../../shared/text.ts";
import { createEvidence, findSilence } from "../evidence.ts";
import { proveEnd } from "../process-end-evidence.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { nodeSubject, RESPOND_WITHIN } from "../rule.ts";

/** Only for a node that was asked about by itself: with a member list, MEMBER_DOWN says it. */
export const etcdNotFound: Rule = {
  code: "ETCD_NOT_FOUND",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "etcd-not-found",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => cluster.view.nodes.map((node) => evaluateNode(node)),
};

function evaluateNode(node: NodeView): RuleOutcome {
  const subject = nodeSubject(node.name);
  const silence = findSilence(node);
  if (silence !== undefined) {
    return silence;
  }
  const process = findFact(node.state, "process", "process")?.body;
  if (process === undefined) {
    const reason = {
      en: "the processes of this node could not be looked at",
      zh: "无法查看本节点的进程",
    };
    return { kind: "unknown", subject, reason };
  }
  if (process.state !== ProcessState.ABSENT) {
    return { kind: "ok", subject };
  }
  const undecided = sayUndecided(process.note);
  if (undecided !== undefined) {
    return { kind: "unknown", subject, reason: undecided };
  }
  const note = process.note === "no etcd process" ? "" : process.note;
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `no etcd process on ${node.name}${note === "" ? "" : `: ${note}`}`,
      zh: `${node.name} 上没有 etcd 进程${note === "" ? "" : `：${note}`}`,
    },
    detail: {
      en: "it does not run; why it ended is in its log",
      zh: "它没有运行；退出原因见其日志",
    },
    evidence: [
      createEvidence(
        { node: node.name, source: "/proc", atMs: node.state.atMs },
        { en: "no process named etcd", zh: "没有名为 etcd 的进程" },
      ),
      ...proveEnd(
        node,
        { fact: process, sinceMs: node.state.atMs, startedAtMs: 0, wasSeen: false },
        node.state.atMs,
      ),
    ],
  };
}

/** One or more run, and nobody said which is meant, or its flags are not known. undefined: none does. */
function sayUndecided(note: string): Text | undefined {
  if (note.includes("set etcd.name") || note.includes("several are")) {
    const seen = note.replace(/; set etcd\.name.*$/, "");
    return {
      en: `${seen}: say which is meant with --name or --data-dir, or with etcd.name or etcd.dataDir in the agent's configuration`,
      zh: `${seen}：请用 --name 或 --data-dir，或在代理配置中用 etcd.name 或 etcd.dataDir 指明是哪一个`,
    };
  }
  return note.includes("its configuration file") ? { en: note, zh: note } : undefined;
}

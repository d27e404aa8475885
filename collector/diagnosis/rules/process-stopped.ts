/** PROCESS_STOPPED: etcd's process is in state T: somebody sent it SIGSTOP, or traces it. */
import { ProcessState } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { severityOfLoss } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const processStopped: Rule = {
  code: "PROCESS_STOPPED",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "process-stopped",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => cluster.members.map((member) => evaluateMember(cluster, member)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { view, name } = member;
  const subject = memberSubject(name);
  const process = view.process;
  if (process === undefined || view.node === undefined) {
    const reason = {
      en: `no agent that is heard sees the process of ${name}`,
      zh: `没有在线的代理能看到 ${name} 的进程`,
    };
    return { kind: "unknown", subject, reason };
  }
  const { pid } = process.fact;
  if (process.fact.state !== ProcessState.STOPPED) {
    const isRunning = process.fact.state === ProcessState.RUNNING;
    return isRunning
      ? { kind: "ok", subject, because: { en: `process ${pid} runs`, zh: `进程 ${pid} 在运行` } }
      : { kind: "ok", subject };
  }
  return {
    kind: "bad",
    subject,
    severity: severityOfLoss(cluster, member),
    title: { en: `etcd of ${name} is stopped by a signal`, zh: `${name} 的 etcd 被信号暂停` },
    detail: {
      en: `process ${pid} is in state T (SIGSTOP, or a tracer); it goes on after kill -CONT ${pid} on ${view.node}`,
      zh: `进程 ${pid} 处于 T 状态（SIGSTOP 或被跟踪）；在 ${view.node} 上执行 kill -CONT ${pid} 后恢复`,
    },
    evidence: [
      createEvidence(
        { node: view.node, source: "/proc", atMs: process.sinceMs },
        { en: `process ${pid}: state T (stopped)`, zh: `进程 ${pid}：状态 T（已暂停）` },
      ),
    ],
    sinceMs: process.sinceMs,
  };
}

/** MEMBER_DOWN: no etcd process where there was one, or every viewpoint is refused. */
import { createEvidence, listRefusals } from "../evidence.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { severityOfLoss } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const memberDown: Rule = {
  code: "MEMBER_DOWN",
  layer: "process",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "member-down",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) =>
    cluster.members
      .filter(({ state }) => state !== "removed")
      .map((member) => evaluateMember(cluster, member)),
};

function evaluateMember(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const subject = memberSubject(member.name);
  if (member.state === "down") {
    return describe(cluster, member);
  }
  if (isUp(member.state)) {
    const because = { en: `${member.name} answers Status`, zh: `${member.name} 应答 Status` };
    return { kind: "ok", subject, because };
  }
  return member.state === "hung" ? { kind: "ok", subject } : { kind: "unknown", subject, reason: member.why };
}

function describe(cluster: JudgedCluster, member: JudgedMember): RuleOutcome {
  const { view, name } = member;
  const process = view.process;
  const isForeign = view.viewpoints.some(({ answer }) => answer === "foreign");
  const proof =
    process === undefined || view.node === undefined || isForeign
      ? []
      : [
          createEvidence(
            { node: view.node, source: "/proc", atMs: process.sinceMs },
            process.fact.pid === 0
              ? { en: `no etcd process on ${view.node}`, zh: `${view.node} 上没有 etcd 进程` }
              : {
                  en: `etcd runs as process ${process.fact.pid} but does not listen`,
                  zh: `etcd 进程 ${process.fact.pid} 存在但未监听`,
                },
          ),
        ];
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: severityOfLoss(cluster, member),
    title: member.isStarting
      ? { en: `${name} is starting`, zh: `${name} 正在启动` }
      : { en: `${name} is down`, zh: `${name} 已停止` },
    detail: {
      en: `${name} does not serve: ${member.why.en}`,
      zh: `${name} 不提供服务：${member.why.zh}`,
    },
    evidence: [...proof, ...listRefusals(view)],
    ...(member.sinceMs === undefined ? {} : { sinceMs: member.sinceMs }),
  };
}

/** QUOTA_EXCEEDED: the alarm NOSPACE is raised, so the whole cluster refuses writes. */
import { findFact } from "../../view/node-reading.ts";
import { createEvidence } from "../evidence.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import { listRaised } from "../raised-alarms.ts";
import type { RaisedAlarm } from "../raised-alarms.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const quotaExceeded: Rule = {
  code: "QUOTA_EXCEEDED",
  layer: "storage",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "quota-exceeded",
  holdMs: 0,
  quietMs: 2000,
  evaluate: evaluateCluster,
};

function evaluateCluster(cluster: JudgedCluster): readonly RuleOutcome[] {
  const raised = listRaised(cluster, "NOSPACE");
  const isAsked = cluster.view.nodes.some(
    ({ agent, state }) => agent.isCurrent && findFact(state, "alarms", "alarms") !== undefined,
  );
  const outcomes = cluster.members
    .filter(({ state }) => state !== "removed")
    .map((member): RuleOutcome => {
      const subject = memberSubject(member.name);
      const own = raised.filter(({ memberId }) => memberId === member.view.id && memberId !== 0n);
      if (own.length > 0) {
        return describe(subject, own);
      }
      const isToldByStatus = member.view.statement !== undefined;
      const reason = {
        en: "no agent that is heard could list the alarms",
        zh: "没有在线的代理能列出告警",
      };
      const because = { en: "no NOSPACE alarm", zh: "没有 NOSPACE 告警" };
      return isAsked || isToldByStatus
        ? { kind: "ok", subject, because }
        : { kind: "unknown", subject, reason };
    });
  const nameless = raised.filter(({ memberId }) => !cluster.members.some(({ view }) => view.id === memberId));
  const subject = clusterSubject(cluster);
  return [...outcomes, nameless.length > 0 ? describe(subject, nameless) : { kind: "ok", subject }];
}

function describe(subject: RuleOutcome["subject"], raised: readonly RaisedAlarm[]): RuleOutcome {
  const seen = new Set<string>();
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: `${subject.name} has used up its quota: the cluster refuses writes`,
      zh: `${subject.name} 配额已用尽：集群拒绝写入`,
    },
    detail: {
      en: "Alarm NOSPACE is raised. Compact, defragment one member at a time with the leader last, then disarm",
      zh: "已触发 NOSPACE 告警。先压缩，再逐个成员碎片整理（leader 最后），最后解除告警",
    },
    evidence: raised.flatMap(({ node, source, atMs }) => {
      const key = `${node}/${source}`;
      if (seen.has(key)) {
        return [];
      }
      seen.add(key);
      const text = { en: "alarm NOSPACE", zh: "NOSPACE 告警" };
      return [createEvidence({ node, source, atMs }, text)];
    }),
    sinceMs: Math.min(...raised.map(({ atMs }) => atMs)),
  };
}

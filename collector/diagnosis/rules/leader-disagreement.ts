/** LEADER_DISAGREEMENT: members name different leaders for longer than one look apart explains. */
import { formatId } from "../../../shared/member-id.ts";
import { listStatements } from "../evidence.ts";
import { formatNames } from "../format.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { isUp } from "../member-state.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const leaderDisagreement: Rule = {
  code: "LEADER_DISAGREEMENT",
  layer: "cluster",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "leader-disagreement",
  // Members are asked at different moments of a second, by different nodes, while they elect.
  holdMs: 2500,
  quietMs: 5000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const saying = cluster.members.filter(
    ({ state, view }) => isUp(state) && (view.statement?.leaderId ?? 0n) !== 0n,
  );
  if (saying.length === 0) {
    const reason = { en: "no member names a leader", zh: "没有成员知道 leader" };
    return { kind: "unknown", subject, reason };
  }
  const other = listOthers(cluster, saying);
  if (other.length === 0) {
    return { kind: "ok", subject };
  }
  const claimants = other.filter(({ view }) => view.statement?.leaderId === view.id);
  const names = formatNames(other.map(({ name }) => name));
  const leader = cluster.leader;
  const title =
    claimants.length > 0 && leader !== undefined
      ? {
          en: `${names.en} still claims to lead, ${leader.member} does`,
          zh: `${names.zh} 仍自称 leader，实际 leader 是 ${leader.member}`,
        }
      : { en: "Members name different leaders", zh: "成员认定的 leader 不一致" };
  return {
    kind: "bad",
    subject,
    severity: claimants.length > 0 ? "critical" : "warning",
    title,
    detail:
      leader === undefined
        ? { en: "No claim has a majority", zh: "没有任何 leader 得到多数派认可" }
        : {
            en: `A majority follows ${leader.member} (${leader.memberId}) in term ${leader.term}; ${names.en} does not: cut off, or stale`,
            zh: `多数派在任期 ${leader.term} 跟随 ${leader.member}（${leader.memberId}）；${names.zh} 不跟随：被隔离或信息过期`,
          },
    evidence: listStatements(saying),
  };
}

function listOthers(cluster: JudgedCluster, saying: readonly JudgedMember[]): readonly JudgedMember[] {
  if (cluster.leader !== undefined) {
    const { disagreeing } = cluster.leader;
    return saying.filter(({ name }) => disagreeing.includes(name));
  }
  const claims = new Set(saying.map(({ view }) => formatId(view.statement?.leaderId ?? 0n)));
  return claims.size > 1 ? saying : [];
}

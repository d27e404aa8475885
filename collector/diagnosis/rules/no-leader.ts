/** NO_LEADER: no claim holds for longer than an election may take, or the one that does confirms no reads. */
import { listStatements } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";

export const noLeader: Rule = {
  code: "NO_LEADER",
  layer: "cluster",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, critical: "0s" },
  runbook: "no-leader",
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster) => [evaluateCluster(cluster)],
};

function evaluateCluster(cluster: JudgedCluster): RuleOutcome {
  const subject = clusterSubject(cluster);
  const { leader, verdict, memory, electionLimitMs } = cluster;
  if (verdict === "unknown") {
    return { kind: "unknown", subject, reason: cluster.headline };
  }
  const sinceMs = memory.leaderlessSinceMs;
  const isLong = sinceMs !== undefined && cluster.nowMs - sinceMs > electionLimitMs;
  if (leader !== undefined && verdict !== "no-leader") {
    const because = {
      en: `${leader.agreedBy.length} members follow ${leader.member} in term ${leader.term}`,
      zh: `${leader.agreedBy.length} 个成员在任期 ${leader.term} 跟随 ${leader.member}`,
    };
    return { kind: "ok", subject, because };
  }
  if (leader === undefined && !(isLong && (verdict === "no-leader" || verdict === "quorum-lost"))) {
    return { kind: "ok", subject };
  }
  const limit = formatDuration(electionLimitMs);
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title:
      leader === undefined
        ? { en: "The cluster has no leader", zh: "集群没有 leader" }
        : {
            en: `${leader.member} leads but confirms no reads`,
            zh: `${leader.member} 是 leader 但不能确认读取`,
          },
    detail:
      leader === undefined
        ? {
            en: `No member is followed by a majority for longer than an election takes here (${limit.en}): no writes, no linearizable reads`,
            zh: `没有成员被多数派跟随，且已超过此处一次选举所需时间（${limit.zh}）：无法写入，也无法线性一致读`,
          }
        : cluster.headline,
    evidence: listStatements(
      cluster.members.filter(({ state }) => state === "no-quorum" || state === "serving"),
    ),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

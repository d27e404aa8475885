/** RAFT_LAG: a member that serves has applied far less of the log than the others, more than seconds of writes. */
import { findIncrease } from "../../view/node-reading.ts";
import { eachMember } from "../each-node.ts";
import type { MemberLook } from "../each-node.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { memberSubject, RESPOND_WITHIN } from "../rule.ts";

export const raftLag: Rule = {
  code: "RAFT_LAG",
  layer: "cluster",
  isFault: false,
  respondWithin: RESPOND_WITHIN,
  runbook: "raft-lag",
  holdMs: 15_000,
  quietMs: 16_000,
  evaluate: eachMember(evaluateMember),
};

function evaluateMember({ member, node, cluster, thresholds, sinceMs }: MemberLook): RuleOutcome {
  const subject = memberSubject(member.name);
  const applied = member.view.appliedIndex;
  const heads = cluster.members
    .filter(({ state }) => state === "serving")
    .flatMap(({ view: { raftIndex } }) => (raftIndex === undefined ? [] : [raftIndex]));
  if (member.state !== "serving" || applied === undefined || heads.length === 0) {
    const reason = {
      en: `${member.name} does not serve, or its index is not known: nothing to compare`,
      zh: `${member.name} 未在服务或不知道其索引：无法比较`,
    };
    return { kind: "unknown", subject, reason };
  }
  const behind = Math.max(0, Math.max(...heads) - applied);
  const perSecond = readWriteRate(cluster, sinceMs);
  const limit = Math.max(
    thresholds.raftLagEntries,
    Math.round(((perSecond ?? 0) * thresholds.raftLagMs) / 1000),
  );
  const text = {
    en: `${member.name} is ${behind} entries behind`,
    zh: `${member.name} 落后 ${behind} 条日志`,
  };
  if (behind < limit) {
    return { kind: "ok", subject, because: text };
  }
  const worth =
    perSecond === undefined || perSecond < 1 ? undefined : formatDuration((behind / perSecond) * 1000);
  return {
    kind: "bad",
    subject,
    severity: "warning",
    title: text,
    detail: {
      en: `${worth === undefined ? "It applies" : `That is ${worth.en} of writes: it applies`} the log more slowly than it grows. What it answers without asking the leader is old, and it should not become the leader. See its disk and CPU`,
      zh: `${worth === undefined ? "" : `相当于 ${worth.zh}的写入：`}其应用日志的速度低于增长速度。它不经 leader 的应答是旧数据，也不宜成为 leader。请检查其磁盘和 CPU`,
    },
    evidence: [
      createEvidence({ node: node.name, source: "Status", atMs: node.state.atMs }, text, {
        value: behind,
        threshold: limit,
        unit: "entries",
      }),
    ],
  };
}

/** Writes a second of the whole cluster: the fastest that any member counts. */
function readWriteRate(cluster: JudgedCluster, sinceMs: number): number | undefined {
  const rates = cluster.view.nodes.flatMap(({ state }) => {
    const grown = findIncrease(state, { metric: "etcd_server_proposals_committed_total" }, sinceMs);
    return grown === undefined ? [] : [(grown.value * 1000) / grown.overMs];
  });
  return rates.length === 0 ? undefined : Math.max(...rates);
}

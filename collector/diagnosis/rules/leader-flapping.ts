/** LEADER_FLAPPING: the leader changes again and again. Each change is told with the member that lost the lead, and why where its node shows it. */
import { formatId } from "../../../shared/member-id.ts";
import type { Text } from "../../../shared/text.ts";
import type { HeldEvent } from "../../view/node-state.ts";
import { createEvidence } from "../evidence.ts";
import { formatDuration } from "../format.ts";
import type { JudgedCluster } from "../judged-cluster.ts";
import type { Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const leaderFlapping: Rule = {
  code: "LEADER_FLAPPING",
  layer: "cluster",
  isFault: true,
  respondWithin: { ...RESPOND_WITHIN, warning: "1h" },
  runbook: "leader-flapping",
  // The changes are counted over minutes: that is the hold, and the quiet.
  holdMs: 0,
  quietMs: 2000,
  evaluate: (cluster, thresholds) => [evaluateCluster(cluster, thresholds)],
};

interface Change {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly term: bigint;
  readonly why: Text;
}

const HOUR_MS = 3_600_000;
/** More than so many times as often as is a warning: writes fail every minute. */
const CRITICAL_TIMES = 2;
/** What was seen on the old leader's node this long before or after the change belongs to it. */
const NEAR_MS = 15_000;

function evaluateCluster(cluster: JudgedCluster, thresholds: Thresholds): RuleOutcome {
  const subject = clusterSubject(cluster);
  if (cluster.view.nodes.every(({ agent }) => !agent.isCurrent)) {
    return { kind: "unknown", subject, reason: cluster.headline };
  }
  const changes = listChanges(cluster);
  const hourly = changes.filter(({ atMs }) => cluster.nowMs - atMs <= HOUR_MS);
  const lately = changes.filter(({ atMs }) => cluster.nowMs - atMs <= thresholds.leaderFlapMs);
  const span = formatDuration(thresholds.leaderFlapMs);
  const isOften = lately.length >= thresholds.leaderFlapChanges;
  const shown = isOften ? lately : hourly;
  const over = isOften ? span : { en: "an hour", zh: "1 小时" };
  const text = {
    en: `the leader changed ${shown.length} times in ${over.en}, not counting restarts`,
    zh: `${over.zh}内 leader 更换了 ${shown.length} 次（不含重启）`,
  };
  if (!isOften && hourly.length <= thresholds.leaderChangesPerHour) {
    return { kind: "ok", subject, because: text };
  }
  const isCritical = lately.length >= CRITICAL_TIMES * thresholds.leaderFlapChanges;
  const losers = [...new Set(shown.map(({ from }) => from))].sort();
  return {
    kind: "bad",
    subject,
    severity: isCritical ? "critical" : "warning",
    title: { en: "The leader changes again and again", zh: "leader 反复更换" },
    detail: {
      en: `${text.en}; each time writes fail for about an election timeout. Lost by: ${losers.join(", ")}`,
      zh: `${text.zh}；每次更换期间约一个选举超时内写入失败。失去领导权的成员：${losers.join("、")}`,
    },
    evidence: shown.slice(-MAX_SHOWN).map(({ atMs, from, to, term, why }) =>
      createEvidence(
        { node: to, source: "Status", atMs },
        {
          en: `${from} to ${to} in term ${term}: ${why.en}`,
          zh: `任期 ${term}，${from} 到 ${to}：${why.zh}`,
        },
        { value: shown.length, threshold: thresholds.leaderFlapChanges, unit: "changes" },
      ),
    ),
  };
}

const MAX_SHOWN = 10;

/**
 * Without pre-vote, as 3.4 by default, a member that is cut off raises its term again and again, and disturbs the leader once
 * more when it is back: one election of the cut, which is told as one, and not a second one. Contested elections jump less.
 */
const RETURN_TERMS = 4n;

/** One a term, as whoever saw it first; without those that a restart of the old leader explains, or a member's return. */
function listChanges(cluster: JudgedCluster): readonly Change[] {
  const names = new Map(cluster.members.map(({ name, view }) => [view.memberId, name]));
  const byTerm = new Map<bigint, { readonly atMs: number; readonly from: string; readonly to: string }>();
  for (const { atMs, event } of cluster.view.nodes.flatMap(({ state }) => state.events)) {
    const { from = "", to = "", term = "" } = event.attributes;
    if (event.kind !== "leader_changed" || to === NOBODY || !/^\d+$/.test(term)) {
      continue;
    }
    const known = byTerm.get(BigInt(term));
    byTerm.set(BigInt(term), {
      atMs: Math.min(known?.atMs ?? Infinity, atMs),
      from: known === undefined || known.from === NOBODY ? from : known.from,
      to,
    });
  }
  const elections = [...byTerm].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return elections.flatMap(([term, { atMs, from, to }], index): readonly Change[] => {
    const [termBefore, { to: before }] = elections[index - 1] ?? [term, { to: from }];
    if (term - termBefore >= RETURN_TERMS) {
      return [];
    }
    const loser = names.get(before);
    if (before === NOBODY || loser === undefined) {
      return [];
    }
    const reason = explain(cluster, loser, atMs);
    return reason === "restart" ? [] : [{ atMs, from: loser, to: names.get(to) ?? to, term, why: reason }];
  });
}

/** As formatId writes "no leader". */
const NOBODY = formatId(0n);

/** What the old leader's own node shows of the moment. */
function explain(cluster: JudgedCluster, loser: string, atMs: number): Text | "restart" {
  const node = cluster.members.find(({ name }) => name === loser)?.view.node;
  const events = cluster.view.nodes.find(({ name }) => name === node)?.state.events ?? [];
  const near = events.filter((held) => Math.abs(held.atMs - atMs) <= NEAR_MS);
  if (near.some(({ event }) => event.kind === "process_exited" || event.kind === "process_started")) {
    return "restart";
  }
  const isLogged = (code: string): HeldEvent | undefined =>
    near.find(({ event }) => event.kind === "log" && event.attributes["code"] === code);
  const known = LOGGED.find(([code]) => isLogged(code) !== undefined);
  return known?.[1] ?? UNSEEN;
}

const LOGGED: readonly (readonly [string, Text])[] = [
  ["DISK_SLOW", { en: "its writes to disk were slow", zh: "其磁盘写入缓慢" }],
  ["HEARTBEATS_LATE", { en: "it sent its heartbeats late", zh: "其心跳发送过晚" }],
  ["PEER_LINK_DOWN", { en: "it lost its peers", zh: "它与其他成员失去连接" }],
];

const UNSEEN: Text = {
  en: "its node logged no reason: moved by hand, or a pause, a cut or a stall that is a finding of its own",
  zh: "其节点日志未见原因：手工转移，或另有独立发现说明的停顿、断网或卡顿",
};

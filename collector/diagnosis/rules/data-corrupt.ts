/**
 * DATA_CORRUPT: the members do not hold the same data, by etcd's own alarm, by their hashes at one revision, or by the check
 * of a member that would not start with what it has.
 */
import type { Evidence, Subject } from "../../../shared/rest.ts";
import type { Text } from "../../../shared/text.ts";
import { createEvidence } from "../evidence.ts";
import { formatTime } from "../format.ts";
import { findRun } from "../../view/node-reading.ts";
import { findComparison, judgeHashes } from "../hash-groups.ts";
import type { Comparison, HashVerdict } from "../hash-groups.ts";
import type { JudgedCluster, JudgedMember } from "../judged-cluster.ts";
import { listSayings, proveBySaying } from "../log-evidence.ts";
import { isUp } from "../member-state.ts";
import { listRaised } from "../raised-alarms.ts";
import type { RaisedAlarm } from "../raised-alarms.ts";
import type { BadOutcome, Rule, RuleOutcome } from "../rule.ts";
import { clusterSubject, memberSubject, RESPOND_WITHIN } from "../rule.ts";
import type { Thresholds } from "../thresholds.ts";

export const dataCorrupt: Rule = {
  code: "DATA_CORRUPT",
  layer: "storage",
  isFault: true,
  respondWithin: RESPOND_WITHIN,
  runbook: "data-corrupt",
  // A difference has been seen twice before it is told (agent/probe/hash-kv.ts).
  holdMs: 0,
  quietMs: 2000,
  evaluate: evaluateCluster,
};

interface Look {
  readonly cluster: JudgedCluster;
  readonly comparison: Comparison | undefined;
  readonly verdict: HashVerdict | undefined;
  /** Raised for nobody by name. */
  readonly nameless: readonly RaisedAlarm[];
}

function evaluateCluster(cluster: JudgedCluster, thresholds: Thresholds): readonly RuleOutcome[] {
  const raised = listRaised(cluster, "CORRUPT");
  const newest = findComparison(cluster.view.nodes);
  const isFresh = newest !== undefined && cluster.nowMs - newest.atMs <= thresholds.hashStaleMs;
  const comparison = isFresh ? newest : undefined;
  const members = cluster.members.filter(({ state }) => state !== "removed");
  const look: Look = {
    cluster,
    comparison,
    verdict: comparison && judgeHashes(comparison.fact, members.length),
    nameless: raised.filter(({ memberId }) => !members.some(({ view }) => view.id === memberId)),
  };
  if (members.length < 2 && raised.length === 0) {
    const because = { en: "one member alone: there is nothing to compare", zh: "只有一个成员：无可比较" };
    return [{ kind: "ok", subject: clusterSubject(cluster), because }];
  }
  const named = members.flatMap((member): readonly BadOutcome[] => {
    const alarms = raised.filter(({ memberId }) => memberId === member.view.id && memberId !== 0n);
    const isOdd =
      look.verdict?.kind === "different" &&
      look.verdict.odd.some(({ memberId, name }) =>
        memberId === 0n ? name === member.name : memberId === member.view.id,
      );
    return alarms.length > 0 || isOdd
      ? [describeMember(member.name, alarms, look)]
      : describeRefusal(cluster, member);
  });
  const sound = members
    .filter(({ name }) => !named.some(({ subject }) => subject.name === name))
    .map(({ name }) => evaluateSound(memberSubject(name), look));
  return [...named, ...sound, evaluateWhole(look, named.length > 0)];
}

function describeMember(name: string, alarms: readonly RaisedAlarm[], look: Look): BadOutcome {
  const told = look.verdict?.kind === "different";
  return {
    kind: "bad",
    subject: memberSubject(name),
    severity: "critical",
    title: {
      en: `${name} holds other data than the majority`,
      zh: `${name} 的数据与多数成员不一致`,
    },
    detail: told
      ? {
          en: `Its hash at one revision differs from the one that most members share. It goes on answering reads with wrong data: take it out and let it get a fresh copy from the others; never copy files between members`,
          zh: `同一版本下它的 hash 与多数成员不同。它仍会以错误的数据应答读请求：请将其移出并从其他成员重新同步；切勿在成员间复制文件`,
        }
      : {
          en: `etcd raised the alarm CORRUPT for it and refuses writes. Compare the hashes of all members before anything is replaced`,
          zh: `etcd 已对其触发 CORRUPT 告警并拒绝写入。在替换任何成员之前先比较所有成员的 hash`,
        },
    evidence: [...listAlarms([...alarms, ...(told ? look.nameless : [])]), ...listHashes(look)],
  };
}

const SAYS: ReadonlySet<string> = new Set(["DATA_CORRUPT"]);
/** What one attempt to start says, it says within this time. */
const ATTEMPT_MS = 15_000;

/** Its log, since it last answered: the check at its start found that it differs, so that it did not start. */
function describeRefusal(cluster: JudgedCluster, member: JudgedMember): readonly BadOutcome[] {
  const node = cluster.view.nodes.find(({ name }) => name === member.view.node);
  if (node === undefined || isUp(member.state)) {
    return [];
  }
  const { name } = member;
  const lastOkAtMs = findRun(node.state, "status", name)?.lastOkAtMs ?? 0;
  const grave = listSayings(node.state, undefined, lastOkAtMs).filter(
    ({ severity }) => severity === "critical",
  );
  const lastAtMs = Math.max(...grave.map(({ atMs }) => atMs));
  const said = grave.filter(({ code, atMs }) => SAYS.has(code) && atMs >= lastAtMs - ATTEMPT_MS);
  if (said.length === 0) {
    return [];
  }
  return [
    {
      kind: "bad",
      subject: memberSubject(name),
      severity: "critical",
      title: {
        en: `${name} does not start: its data differs from the others'`,
        zh: `${name} 无法启动：其数据与其他成员不一致`,
      },
      detail: {
        en: "The check at its start compared its hash with the others' and refused. While the others serve, nothing is lost: keep a copy of its data directory, remove it and add it again, so that it copies everything from them. Look at its disk before that",
        zh: "启动检查发现其 hash 与其他成员不同，因此拒绝启动。只要其他成员正常服务，数据就没有丢失：请保留其数据目录副本，移除该成员后重新加入，由其同步全部数据。在此之前先检查它的磁盘",
      },
      evidence: said.slice(-3).map((saying) => proveBySaying(node, saying)),
      confidence: "likely",
      // It would not have started before either.
      sinceMs: Math.min(...said.map(({ atMs }) => atMs), member.sinceMs ?? cluster.nowMs),
    },
  ];
}

function evaluateSound(subject: Subject, { verdict, comparison }: Look): RuleOutcome {
  if (verdict === undefined || comparison === undefined) {
    return { kind: "unknown", subject, reason: NOT_COMPARED, isBeyondOneLook: true };
  }
  const at = formatTime(comparison.atMs);
  if (verdict.kind === "same" || verdict.kind === "different") {
    const because = { en: `its data was that of the majority at ${at}`, zh: `${at} 时数据与多数成员一致` };
    return { kind: "ok", subject, because };
  }
  const reason =
    verdict.kind === "incomparable"
      ? { en: `could not be compared at ${at}: ${verdict.because}`, zh: `${at} 无法比较：${verdict.because}` }
      : { en: "no majority shows whose data is right", zh: "没有多数成员能证明谁的数据正确" };
  return { kind: "unknown", subject, reason, isBeyondOneLook: true };
}

const NOT_COMPARED: Text = {
  en: "the members' data has not been compared lately",
  zh: "近期没有比较过各成员的数据",
};

/** What cannot be said of one member: an alarm for nobody, a difference without a majority. */
function evaluateWhole(look: Look, isNamed: boolean): RuleOutcome {
  const { cluster, verdict, nameless } = look;
  const subject = clusterSubject(cluster);
  const isUndecided = verdict?.kind === "undecided";
  if (isNamed || (nameless.length === 0 && !isUndecided)) {
    return verdict?.kind === "same" || isNamed ? { kind: "ok", subject } : evaluateSound(subject, look);
  }
  return {
    kind: "bad",
    subject,
    severity: "critical",
    title: {
      en: "Members hold different data, and nobody can say who is right",
      zh: "成员数据不一致，且无法判断谁正确",
    },
    detail: isUndecided
      ? {
          en: "No hash is shared by a majority. Take a copy of every data directory, then decide by what the clients know to be true",
          zh: "没有多数成员共享的 hash。请先备份每个数据目录，再由客户端已知的事实判断",
        }
      : {
          en: "etcd raised the alarm CORRUPT without a name, and refuses all requests. A comparison of the hashes tells which member it is",
          zh: "etcd 触发了未指明成员的 CORRUPT 告警并拒绝所有请求。比较各成员的 hash 即可知道是哪个成员",
        },
    evidence: [...listAlarms(nameless), ...listHashes(look)],
  };
}

function listAlarms(alarms: readonly RaisedAlarm[]): readonly Evidence[] {
  const byNode = new Map(alarms.map((alarm) => [alarm.node, alarm]));
  return [...byNode.values()].map(({ node, source, atMs }) =>
    createEvidence({ node, source, atMs }, { en: "alarm CORRUPT", zh: "CORRUPT 告警" }),
  );
}

function listHashes({ comparison, verdict }: Look): readonly Evidence[] {
  if (comparison === undefined || (verdict?.kind !== "different" && verdict?.kind !== "undecided")) {
    return [];
  }
  const { node, atMs, fact } = comparison;
  return fact.members.map(({ name, hash, compactRevision, problem }) => {
    const en =
      problem === ""
        ? `${name}: hash ${hash} at revision ${fact.revision}, compacted to ${compactRevision}`
        : `${name}: ${problem}`;
    const zh =
      problem === ""
        ? `${name}：版本 ${fact.revision} 的 hash 为 ${hash}，压缩到 ${compactRevision}`
        : `${name}：${problem}`;
    return createEvidence({ node, source: "HashKV", atMs }, { en, zh });
  });
}

/**
 * May this member be stopped now (restart, drain, upgrade)? Safe only when the voters that remain are known to be sound,
 * reach each other and are a majority; what cannot be seen never counts for it.
 */
import type { CanStop, StopReason } from "../../shared/rest-incident.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { formatDuration, formatNames } from "../diagnosis/format.ts";
import type { JudgedCluster, JudgedMember } from "../diagnosis/judged-cluster.ts";
import { findGroups, neededFor } from "../diagnosis/majority.ts";
import type { LinkView } from "../view/cluster-view.ts";
import { findFact } from "../view/node-reading.ts";

/** A voter as one that must carry the cluster when the other is stopped. */
export interface StopVoter {
  readonly name: string;
  readonly isServing: boolean;
  /** Why it cannot be counted on though it may serve. */
  readonly problem: Text | undefined;
  /** Why nobody can tell whether it can be counted on. */
  readonly doubt: Text | undefined;
}

export interface StopInput {
  readonly target: string;
  /** false: a learner or a removed member, whose stop takes no vote away. */
  readonly isVoter: boolean;
  readonly leader: string | undefined;
  readonly voters: readonly StopVoter[];
  readonly links: readonly LinkView[];
  /** What speaks for or against, whoever remains. */
  readonly reasons: readonly StopReason[];
}

export interface StopDecision {
  readonly safe: boolean | null;
  readonly reasons: readonly StopReason[];
  /** Voters that carry the cluster afterwards. */
  readonly remaining: readonly string[];
}

/** A member that has just started may still be reading its log. */
const SETTLED_AFTER_MS = 60_000;
/** Entries; a member further behind is still catching up. */
const MAX_LAG_ENTRIES = 5000;
const ELECTIONS_WITHIN_MS = 5 * 60_000;
const MAX_ELECTIONS = 1;

export function canStop(cluster: JudgedCluster, target: JudgedMember, findings: readonly Finding[]): CanStop {
  const voters = cluster.members.filter(({ isVoter }) => isVoter);
  const needed = neededFor(voters.length);
  const decision = decideStop({
    target: target.name,
    isVoter: target.isVoter,
    leader: cluster.leader?.member,
    voters: voters.map((member) => weigh(member, { cluster, findings })),
    links: cluster.view.links,
    reasons: [...listGeneral(cluster), ...listNotes(cluster, target)],
  });
  const serving = decision.remaining.length;
  return {
    cluster: cluster.view.cluster,
    member: target.name,
    at: new Date(cluster.nowMs).toISOString(),
    safe: decision.safe,
    reasons: decision.reasons,
    tolerance: cluster.quorum.tolerance,
    after: { voters: voters.length, needed, serving, tolerance: serving - needed },
  };
}

export function decideStop(input: StopInput): StopDecision {
  const needed = neededFor(input.voters.length);
  const others = input.voters.filter(({ name }) => name !== input.target);
  const sound = others.filter(({ isServing, problem, doubt }) => isServing && !problem && !doubt);
  const hoped = others.filter(
    ({ isServing, problem, doubt }) => doubt !== undefined || (isServing && !problem),
  );
  const leader = input.leader === input.target ? undefined : input.leader;
  const remaining = findCarriers(sound, input.links, leader);
  const reasons = [...input.reasons];
  if (input.isVoter) {
    reasons.push(...others.flatMap(tellWeakness));
    if (remaining.length < needed) {
      const isHopeless = findCarriers(hoped, input.links, undefined).length < needed;
      reasons.unshift(tellShort({ remaining, needed, target: input.target, isHopeless }));
    } else {
      reasons.push(tellEnough(remaining, needed));
    }
  }
  const safe = reasons.some(({ effect }) => effect === "blocks")
    ? false
    : reasons.some(({ effect }) => effect === "unknown")
      ? null
      : true;
  // Doubts about voters that are not needed are worth a word and no more.
  const isCarried = input.isVoter && remaining.length >= needed;
  const settled = isCarried && !input.reasons.some(({ effect }) => effect !== "note") ? true : safe;
  return {
    safe: settled,
    reasons: settled === true ? reasons.map((reason) => ({ ...reason, effect: "note" as const })) : reasons,
    remaining,
  };
}

/** The largest set that reaches each other, with the leader where there is one. */
function findCarriers(
  voters: readonly StopVoter[],
  links: readonly LinkView[],
  leader: string | undefined,
): readonly string[] {
  const groups = findGroups(
    voters.map(({ name }) => name),
    links,
  );
  return groups.find((group) => leader === undefined || group.includes(leader)) ?? [];
}

function reason(effect: StopReason["effect"], code: string, text: Text): StopReason {
  return { effect, code, text };
}

function tellWeakness({ problem, doubt, name, isServing }: StopVoter): readonly StopReason[] {
  if (doubt !== undefined) {
    return [reason("unknown", "VOTER_UNSEEN", doubt)];
  }
  if (problem !== undefined) {
    return [reason("note", "VOTER_WEAK", problem)];
  }
  return isServing
    ? []
    : [reason("note", "VOTER_AWAY", { en: `${name} does not serve`, zh: `${name} 未在服务` })];
}

function tellShort(short: {
  readonly remaining: readonly string[];
  readonly needed: number;
  readonly target: string;
  readonly isHopeless: boolean;
}): StopReason {
  const names = formatNames(short.remaining);
  const { en, zh } = short.remaining.length === 0 ? { en: "none", zh: "无" } : names;
  return short.isHopeless
    ? reason("blocks", "QUORUM", {
        en: `without ${short.target} quorum would be lost: ${short.needed} voters are needed, sound and connected: ${en}`,
        zh: `停止 ${short.target} 将失去法定人数：需要 ${short.needed} 个投票成员，状态良好且互通的：${zh}`,
      })
    : reason("unknown", "QUORUM", {
        en: `${short.needed} voters are needed without ${short.target}; known to be sound: ${en}`,
        zh: `停止 ${short.target} 后需要 ${short.needed} 个投票成员；已确认状态良好的：${zh}`,
      });
}

function tellEnough(remaining: readonly string[], needed: number): StopReason {
  const { en, zh } = formatNames(remaining);
  return reason("note", "QUORUM", {
    en: `${en} keep the quorum of ${needed}`,
    zh: `${zh} 可维持法定人数（需要 ${needed} 个）`,
  });
}

interface Weighing {
  readonly cluster: JudgedCluster;
  readonly findings: readonly Finding[];
}

function weigh(member: JudgedMember, { cluster, findings }: Weighing): StopVoter {
  const { name, state, view } = member;
  const isServing = state === "serving";
  if (state === "unknown" || state === "unreachable") {
    const doubt = { en: `${name} cannot be seen: ${member.why.en}`, zh: `看不到 ${name}：${member.why.zh}` };
    return { name, isServing: false, problem: undefined, doubt };
  }
  const problem = isServing ? findProblem(member, cluster, findings) : undefined;
  const isHeard = view.agent.isCurrent;
  const doubt =
    isServing && problem === undefined && !isHeard
      ? {
          en: `${name} serves, but its agent is not heard or still sends what it had kept: its disk and process cannot be seen`,
          zh: `${name} 在服务，但收不到其代理的实时消息（失联或仍在补发）：看不到其磁盘和进程`,
        }
      : undefined;
  return { name, isServing, problem, doubt };
}

function findProblem(
  { name, view }: JudgedMember,
  cluster: JudgedCluster,
  findings: readonly Finding[],
): Text | undefined {
  const grave = findings.find(
    ({ severity, subject, status }) =>
      status === "active" &&
      severity === "critical" &&
      ((subject.kind === "member" && subject.name === name) ||
        (subject.kind === "node" && subject.name === view.node)),
  );
  if (grave !== undefined) {
    return {
      en: `${name} is in danger itself: ${grave.title.en}`,
      zh: `${name} 自身有危险：${grave.title.zh}`,
    };
  }
  const upMs = view.process?.wasSeen === true ? cluster.nowMs - view.process.startedAtMs : SETTLED_AFTER_MS;
  if (upMs < SETTLED_AFTER_MS) {
    const age = formatDuration(upMs);
    return {
      en: `${name} started ${age.en} ago: one member at a time, wait until it has settled`,
      zh: `${name} 于 ${age.zh}前刚启动：请逐个操作，等它稳定`,
    };
  }
  const leader = cluster.members.find((one) => one.name === cluster.leader?.member);
  const lag = (leader?.view.raftIndex ?? 0) - (view.appliedIndex ?? Infinity);
  return lag > MAX_LAG_ENTRIES
    ? { en: `${name} is ${lag} entries behind the leader`, zh: `${name} 落后 leader ${lag} 条日志` }
    : undefined;
}

function listGeneral(cluster: JudgedCluster): readonly StopReason[] {
  const reasons: StopReason[] = [];
  if (cluster.view.membership.source !== "list") {
    reasons.push(
      reason("unknown", "MEMBERS_UNKNOWN", {
        en: "no member list was seen: nobody knows who votes",
        zh: "尚未看到成员列表：不知道谁有投票权",
      }),
    );
  }
  if (cluster.verdict === "unknown") {
    reasons.push(reason("unknown", "VERDICT", cluster.headline));
  } else if (
    cluster.leader === undefined ||
    cluster.verdict === "quorum-lost" ||
    cluster.verdict === "no-leader"
  ) {
    reasons.push(reason("blocks", "VERDICT", cluster.headline));
  }
  const elections = countElections(cluster);
  if (elections > MAX_ELECTIONS) {
    reasons.push(
      reason("blocks", "ELECTIONS", {
        en: `${elections} elections in the last 5 min: wait until the leader holds`,
        zh: `最近 5 分钟有 ${elections} 次选举：请等 leader 稳定`,
      }),
    );
  }
  const alarms = cluster.view.nodes.flatMap(
    ({ state, agent }) =>
      (agent.isCurrent ? findFact(state, "alarms", "alarms")?.body.alarms : undefined)?.map(
        ({ kind }) => kind,
      ) ?? [],
  );
  if (alarms.length > 0) {
    const kinds = [...new Set(alarms)].join(", ");
    reasons.push(
      reason("blocks", "ALARM", {
        en: `an alarm is raised (${kinds}): see to it first`,
        zh: `存在告警（${kinds}）：请先处理`,
      }),
    );
  }
  return reasons;
}

/** Terms in which a member came to follow a leader, as the agents saw them. */
function countElections(cluster: JudgedCluster): number {
  const terms = cluster.view.nodes.flatMap(({ state }) =>
    state.events
      .filter(
        ({ atMs, event }) =>
          event.kind === "leader_changed" &&
          event.attributes["to"] !== "0" &&
          event.attributes["from"] !== "" &&
          cluster.nowMs - atMs <= ELECTIONS_WITHIN_MS,
      )
      .map(({ event }) => event.attributes["term"] ?? ""),
  );
  return new Set(terms).size;
}

function listNotes(cluster: JudgedCluster, target: JudgedMember): readonly StopReason[] {
  const { name } = target;
  const notes: StopReason[] = [];
  if (cluster.leader?.member === name) {
    notes.push(
      reason("note", "LEADER", {
        en: `${name} leads: move the leader first (etcdctl move-leader), or one election stops writes for a moment`,
        zh: `${name} 是 leader：请先转移 leader（etcdctl move-leader），否则选举期间会短暂无法写入`,
      }),
    );
  }
  if (!target.isVoter) {
    const role =
      target.state === "removed"
        ? { en: "was removed", zh: "已被移除" }
        : { en: "is a learner", zh: "是 learner" };
    notes.push(
      reason("note", "NO_VOTE", {
        en: `${name} ${role.en}: it has no vote to lose`,
        zh: `${name} ${role.zh}：没有投票权，不影响法定人数`,
      }),
    );
  }
  if (target.isVoter && target.state !== "serving") {
    notes.push(
      reason("note", "NOT_SERVING", {
        en: `${name} does not serve as it is: ${target.why.en}`,
        zh: `${name} 目前未在服务：${target.why.zh}`,
      }),
    );
  }
  return notes;
}

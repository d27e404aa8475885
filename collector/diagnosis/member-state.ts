/**
 * The state of one member from all viewpoints, with why. Nothing in here compares members with each other; that a
 * member is left behind in an old term is judged in judge.ts, once the leader is known.
 */
import { ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import type { MemberState } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { MemberView, Statement, Viewpoint } from "../view/cluster-view.ts";
import { formatDuration, formatNames } from "./format.ts";
import type { Thresholds } from "./thresholds.ts";

export interface JudgedState {
  readonly state: MemberState;
  readonly why: Text;
  /** Since when the evidence shows it; undefined where no evidence has a time. */
  readonly sinceMs: number | undefined;
  /** Process in state T: the cause of a hang is then known. */
  readonly isStopped: boolean;
  /** Up to this look nobody listens, but the process has only just started. */
  readonly isStarting: boolean;
}

export interface MemberContext {
  readonly nowMs: number;
  readonly thresholds: Thresholds;
}

/** Answers Status: it can vote and be voted for, whether or not it has a leader. */
export function isUp(state: MemberState): boolean {
  return state === "serving" || state === "no-quorum";
}

/** Known not to take part. The rest of the not-up states are only not seen. */
export function isOut(state: MemberState): boolean {
  return state === "down" || state === "hung" || state === "removed";
}

export function judgeMember(member: MemberView, context: MemberContext): JudgedState {
  if (member.isRemoved) {
    const why = {
      en: "it is on no member list any more",
      zh: "已不在任何成员列表中",
    };
    return judged("removed", why, undefined);
  }
  const own = member.viewpoints.find(({ isOwn }) => isOwn);
  return judgeProcess(member, own, context) ?? judgeAnswers(member, own, context);
}

function judged(state: MemberState, why: Text, sinceMs: number | undefined): JudgedState {
  return { state, why, sinceMs, isStopped: false, isStarting: false };
}

/** What the process alone settles: stopped, or gone with nobody answering after that. */
function judgeProcess(
  member: MemberView,
  own: Viewpoint | undefined,
  context: MemberContext,
): JudgedState | undefined {
  const process = member.process;
  if (process === undefined) {
    return undefined;
  }
  if (process.fact.state === ProcessState.STOPPED) {
    const why = {
      en: `its process ${process.fact.pid} is stopped by a signal`,
      zh: `其进程 ${process.fact.pid} 被信号暂停`,
    };
    return { ...judged("hung", why, process.sinceMs), isStopped: true };
  }
  const live = findLive(member, context);
  const goneAtMs = process.sinceMs + 2 * context.thresholds.fastTickMs;
  // An agent that never saw the process may look in the wrong place: any answer contradicts it.
  const isContradicted = live !== undefined && (!process.wasSeen || live.atMs > goneAtMs);
  const livedHere = process.wasSeen || member.hasLivedHere;
  if (process.fact.state === ProcessState.ABSENT && livedHere && !isContradicted) {
    const node = member.node ?? "";
    const { note } = process.fact;
    // One that was seen here is gone, whatever else runs on the node.
    const isNoted = !process.wasSeen && note !== "" && note !== "no etcd process";
    const why = {
      en: `no etcd process on ${node}${isNoted ? `: ${note}` : ""}`,
      zh: `${node} 上没有 etcd 进程${isNoted ? `：${note}` : ""}`,
    };
    return judged("down", why, process.sinceMs);
  }
  return own?.answer === "foreign" ? judgeForeign(member, own) : undefined;
}

function judgeForeign(member: MemberView, viewpoint: Viewpoint): JudgedState {
  const why = {
    en: `another member answers at its address, asked from ${viewpoint.node}; ${member.name} does not run`,
    zh: `从 ${viewpoint.node} 看，其地址由另一成员应答；${member.name} 未运行`,
  };
  return judged("down", why, undefined);
}

function judgeAnswers(member: MemberView, own: Viewpoint | undefined, context: MemberContext): JudgedState {
  const live = findLive(member, context);
  if (live !== undefined) {
    return judgeServing(member, live, context);
  }
  const asked = member.viewpoints.filter(({ answer }) => answer !== "stale");
  const foreign = asked.find(({ answer }) => answer === "foreign");
  if (foreign !== undefined) {
    return judgeForeign(member, foreign);
  }
  const decided = asked.filter(({ answer }) => answer === "refused" || answer === "silent");
  if (decided.length === 0) {
    return judged("unknown", sayUndecided(member, asked), undefined);
  }
  const lastOkAtMs = Math.max(...decided.map(({ run }) => run?.lastOkAtMs ?? 0));
  const failingSinceMs = Math.min(...decided.map(({ run }) => run?.failingSinceMs ?? context.nowMs));
  const sinceMs = lastOkAtMs > 0 ? lastOkAtMs : failingSinceMs;
  const hasProcess =
    member.process !== undefined &&
    member.process.fact.state !== ProcessState.ABSENT &&
    member.process.fact.state !== ProcessState.UNSPECIFIED;
  if (hasProcess) {
    return judgeDeafProcess(member, own, { ...context, sinceMs, lastOkAtMs });
  }
  const refusedBy = decided.filter(({ answer }) => answer === "refused").map(({ node }) => node);
  if (refusedBy.length > 0) {
    const names = formatNames(refusedBy);
    const why = {
      en: `its client port refuses ${names.en}: nobody listens`,
      zh: `其客户端端口拒绝 ${names.zh} 的连接：无进程监听`,
    };
    return judged("down", why, sinceMs);
  }
  const names = formatNames(decided.map(({ node }) => node));
  if (member.agent.isCurrent) {
    const why = {
      en: `it does not answer ${names.en}, and its node shows no process to judge by`,
      zh: `它不应答 ${names.zh}，且其节点上没有可供判断的进程`,
    };
    return judged("unknown", why, sinceMs);
  }
  const why = {
    en: `${names.en} cannot reach it and no agent is heard from its node`,
    zh: `${names.zh} 无法访问它，且收不到其节点上代理的消息`,
  };
  return judged("unreachable", why, sinceMs);
}

/** The process is there and Status does not come: starting, then hung. Below the limit it is not known yet. */
function judgeDeafProcess(
  member: MemberView,
  own: Viewpoint | undefined,
  context: MemberContext & { readonly sinceMs: number; readonly lastOkAtMs: number },
): JudgedState {
  const { nowMs, thresholds, sinceMs } = context;
  const startedAtMs = member.process?.startedAtMs ?? 0;
  const hasRefused = own?.answer === "refused";
  // etcd binds its port first and answers on it once it has joined its peers: until then a call waits.
  const isStarting = hasRefused || startedAtMs > context.lastOkAtMs;
  const limitMs = isStarting ? thresholds.startingMs : thresholds.hungMs;
  const forMs = nowMs - Math.max(sinceMs, startedAtMs);
  const duration = formatDuration(limitMs);
  if (forMs >= limitMs) {
    const why = hasRefused
      ? {
          en: `its process runs but has not opened its client port for over ${duration.en}`,
          zh: `进程在运行，但超过 ${duration.zh} 未打开客户端端口`,
        }
      : {
          en: `its process is there but has not answered for over ${duration.en}`,
          zh: `进程存在，但超过 ${duration.zh} 没有应答`,
        };
    return judged("hung", why, Math.max(sinceMs, startedAtMs));
  }
  if (isStarting) {
    const why = hasRefused
      ? {
          en: "its process has started but its client port is not open yet",
          zh: "进程已启动，但客户端端口尚未打开",
        }
      : { en: "its process has started but does not answer yet", zh: "进程已启动，但尚未应答" };
    return { ...judged("down", why, sinceMs), isStarting: true };
  }
  const why = {
    en: `its process is there; one answer is missing, which counts after ${duration.en}`,
    zh: `进程存在；缺少一次应答，${duration.zh} 后才计为故障`,
  };
  return judged("unknown", why, sinceMs);
}

const SEVERAL = 2;

/**
 * The statement that speaks for now: from a viewpoint that was answered, or whose last answer is so young that one
 * missed call proves nothing. A refusal ends that grace at once, and an answer older than it when the viewpoint that
 * had it should have asked again since.
 */
function findLive(member: MemberView, context: MemberContext): Statement | undefined {
  const { nowMs, thresholds } = context;
  const startedAtMs = member.process?.startedAtMs ?? 0;
  const refusals = member.viewpoints.filter(({ answer }) => answer === "refused");
  const refusedSinceMs = Math.max(0, ...refusals.map(({ run }) => run?.failingSinceMs ?? 0));
  // Several that miss it, and its own agent silent: that needs no further proof.
  const silent = member.viewpoints.filter(({ answer }) => answer === "silent").length;
  const isMissed = !member.agent.isCurrent && silent >= SEVERAL;
  const graceMs = isMissed ? Math.min(thresholds.hungMs, thresholds.agentSilentMs) : thresholds.hungMs;
  const statements = member.viewpoints.flatMap(({ answer, statement }) => {
    if (statement === undefined) {
      return [];
    }
    const isOvertaken =
      statement.atMs < refusedSinceMs && nowMs - statement.atMs > 1.5 * thresholds.fastTickMs;
    // What the process before this one has answered proves nothing either.
    const isYoung = refusals.length === 0 && statement.atMs >= Math.max(nowMs - graceMs, startedAtMs);
    return (answer === "answers" && !isOvertaken) || (answer === "silent" && isYoung) ? [statement] : [];
  });
  return statements.toSorted((one, other) => other.atMs - one.atMs)[0];
}

function judgeServing(member: MemberView, live: Statement, context: MemberContext): JudgedState {
  if (live.leaderId === 0n) {
    const why = { en: "it answers and knows no leader", zh: "它有应答，但不知道 leader" };
    return judged("no-quorum", why, live.leaderSinceMs);
  }
  const read = member.linearizable;
  if (read !== undefined && isHeldAgainst(read, live, context)) {
    const why = {
      en: `it answers and names a leader, but a linearizable read fails (${read.errorCode || "timeout"})`,
      zh: `它有应答并知道 leader，但线性一致读失败（${read.errorCode || "timeout"}）`,
    };
    return judged("no-quorum", why, read.failingSinceMs);
  }
  const isRead = read?.outcome === Outcome.OK;
  const why = isRead
    ? { en: "it answers, knows a leader and serves reads", zh: "它有应答，知道 leader，读正常" }
    : { en: "it answers and knows a leader", zh: "它有应答并知道 leader" };
  return judged("serving", why, live.leaderSinceMs);
}

/**
 * A failed read counts until the next is due, unless the leader or term became known after it. One that timed out
 * counts only when the one before failed as well: a busy machine times out too.
 */
function isHeldAgainst(
  read: NonNullable<MemberView["linearizable"]>,
  live: Statement,
  context: MemberContext,
): boolean {
  const { nowMs, thresholds } = context;
  const hasFailed = read.outcome === Outcome.FAILED || read.outcome === Outcome.TIMED_OUT;
  const isRecent = nowMs - read.endedAtMs <= thresholds.readHeldMs;
  const isAboutThisLeader = read.endedAtMs - read.durationMs >= live.leaderSinceMs;
  if (!hasFailed || !isRecent || !isAboutThisLeader) {
    return false;
  }
  if (read.errorCode === "no_leader") {
    return true;
  }
  const isTimeout = read.outcome === Outcome.TIMED_OUT || read.errorCode === "timeout";
  return isTimeout && read.failingSinceMs !== undefined && read.failingSinceMs < read.endedAtMs - 500;
}

function sayUndecided(member: MemberView, asked: readonly Viewpoint[]): Text {
  const undecided = asked.find(({ answer }) => answer === "undecided");
  if (undecided !== undefined) {
    const reason = undecided.run?.errorText || undecided.run?.errorCode || "";
    return {
      en: `its Status could not be asked from ${undecided.node}: ${reason}`,
      zh: `无法从 ${undecided.node} 查询其 Status：${reason}`,
    };
  }
  if (member.agent.isCurrent) {
    return {
      en: "its agent is heard, but nobody has asked its etcd lately",
      zh: "其代理在线，但最近没有查询过它的 etcd",
    };
  }
  return member.agent.state === "never-seen"
    ? {
        en: "no agent watches it, and none that is heard has looked at it",
        zh: "没有代理监视它，在线的代理也未查询过它",
      }
    : {
        en: "its agent is not heard, and none that is heard has looked at it lately",
        zh: "收不到其代理的消息，在线的代理最近也未查询过它",
      };
}

/** The view → the judged cluster: states, groups, leader, verdict, in this order, each from those before it. */
import type { ClusterView } from "../view/cluster-view.ts";
import { isVoter, roleOf } from "../view/cluster-view.ts";
import type { JudgedCluster, JudgedMember, Memory } from "./judged-cluster.ts";
import type { JudgedLeader } from "./leader.ts";
import { judgeLeader } from "./leader.ts";
import { builtTolerance, findGroups, neededFor } from "./majority.ts";
import type { JudgedState } from "./member-state.ts";
import { isOut, isUp, judgeMember } from "./member-state.ts";
import type { Thresholds } from "./thresholds.ts";
import { judgeVerdict } from "./verdict.ts";

export interface JudgeOptions {
  readonly thresholds: Thresholds;
  readonly memory: Memory;
}

export function judge(view: ClusterView, options: JudgeOptions): JudgedCluster {
  const nowMs = view.atMs;
  const { thresholds } = options;
  const context = { nowMs, thresholds };
  const first = new Map(view.members.map((member) => [member.name, judgeMember(member, context)]));
  const voters = view.members.filter(isVoter);
  const needed = neededFor(voters.length);
  const leader = findLeader(view, first, needed);
  const memory = nextMemory(options.memory, leader, nowMs);
  const since = memory.leader?.sinceMs;
  const dated = leader === undefined || since === undefined ? leader : { ...leader, sinceMs: since };
  const members = view.members.map((member): JudgedMember => {
    const state = first.get(member.name) ?? judgeMember(member, context);
    const isSeen = isUp(state.state) || member.isLearner || member.memberId === leader?.memberId;
    return {
      ...judgeTerm(member.name, state, { view, leader: dated, thresholds }),
      view: member,
      name: member.name,
      isVoter: isVoter(member),
      role: isSeen ? roleOf(member, leader?.memberId) : "unknown",
    };
  });
  return finish(view, { members, leader: dated, memory, thresholds });
}

function findLeader(
  view: ClusterView,
  states: ReadonlyMap<string, JudgedState>,
  needed: number,
): JudgedLeader | undefined {
  const claims = view.members.flatMap((member) => {
    const state = states.get(member.name)?.state;
    return member.statement === undefined || state === undefined || !isUp(state)
      ? []
      : [
          {
            member: member.name,
            isVoter: isVoter(member),
            leaderId: member.statement.leaderId,
            term: member.statement.term,
            sinceMs: member.statement.leaderSinceMs,
            atMs: member.statement.atMs,
          },
        ];
  });
  const candidates = view.members.map(({ name, id }) => ({
    name,
    id,
    isOut: isOut(states.get(name)?.state ?? "unknown"),
  }));
  return judgeLeader(claims, candidates, needed);
}

/** The same leader in the same term keeps the earliest time known; a gap starts to count when it is first seen. */
function nextMemory(before: Memory, leader: JudgedLeader | undefined, nowMs: number): Memory {
  if (leader === undefined) {
    return { leader: before.leader, leaderlessSinceMs: before.leaderlessSinceMs ?? nowMs };
  }
  const { memberId, term } = leader;
  const isSame = before.leader?.memberId === memberId && before.leader.term === term;
  const sinceMs = isSame ? Math.min(before.leader.sinceMs, leader.sinceMs) : leader.sinceMs;
  return { leader: { memberId, term, sinceMs }, leaderlessSinceMs: undefined };
}

interface TermContext {
  readonly view: ClusterView;
  readonly leader: JudgedLeader | undefined;
  readonly thresholds: Thresholds;
}

/** A member that stays in an old term while a majority has a newer leader does not take part, whatever it claims. */
function judgeTerm(name: string, state: JudgedState, context: TermContext): JudgedState {
  const { view, leader, thresholds } = context;
  const statement = view.members.find((member) => member.name === name)?.statement;
  const isBehind =
    state.state === "serving" &&
    leader !== undefined &&
    statement !== undefined &&
    statement.term < leader.term &&
    view.atMs - leader.sinceMs > thresholds.staleTermMs &&
    statement.atMs > leader.sinceMs + 2 * thresholds.fastTickMs;
  if (!isBehind) {
    return state;
  }
  return {
    ...state,
    state: "no-quorum",
    sinceMs: leader.sinceMs,
    why: {
      en: `it is still in term ${statement.term} while a majority follows ${leader.member} in term ${leader.term}`,
      zh: `它仍在任期 ${statement.term}，而多数派在任期 ${leader.term} 跟随 ${leader.member}`,
    },
  };
}

interface Parts {
  readonly members: readonly JudgedMember[];
  readonly leader: JudgedLeader | undefined;
  readonly memory: Memory;
  readonly thresholds: Thresholds;
}

function finish(view: ClusterView, parts: Parts): JudgedCluster {
  const { members, leader, memory, thresholds } = parts;
  const voters = view.membership.source === "start" ? [] : members.filter((member) => member.isVoter);
  const namesOf = (matches: (member: JudgedMember) => boolean): readonly string[] =>
    voters.filter(matches).map(({ name }) => name);
  const serving = namesOf(({ state }) => state === "serving");
  const groups = findGroups(
    namesOf(({ state }) => isUp(state)),
    view.links,
  );
  const needed = voters.length === 0 ? 0 : neededFor(voters.length);
  const leaderlessSinceMs = memory.leaderlessSinceMs ?? view.atMs;
  const asked = namesOf(
    ({ state, view: { statement } }) =>
      isUp(state) && statement !== undefined && statement.atMs > leaderlessSinceMs,
  );
  const built = builtTolerance(Math.max(voters.length, view.expectedVoters ?? 0));
  // Raft draws each timeout from one to two times the configured one.
  const electionLimitMs = 2 * view.electionTimeoutMs + thresholds.fastTickMs;
  const { verdict, headline } = judgeVerdict({
    voters: isCountKnown(view) ? voters.length : undefined,
    needed,
    built,
    serving,
    noQuorum: namesOf(({ state }) => state === "no-quorum"),
    out: namesOf(({ state }) => isOut(state)),
    dark: namesOf(({ state }) => state === "unreachable" || state === "unknown"),
    largestGroup: groups[0]?.length ?? 0,
    leaderlessGroup: findGroups(asked, view.links)[0]?.length ?? 0,
    hasLeader: leader !== undefined,
    leaderlessMs: memory.leaderlessSinceMs === undefined ? 0 : view.atMs - memory.leaderlessSinceMs,
    electionLimitMs,
    agents: {
      known: view.nodes.length,
      heard: view.nodes.filter(({ agent }) => agent.isCurrent).length,
    },
  });
  // Who still names a leader has only not noticed yet: without a majority nothing is confirmed.
  const isLost = verdict === "quorum-lost";
  const left = isLost ? 0 : serving.length;
  const quorum = { voters: voters.length, needed, serving: left, tolerance: left - needed, built, groups };
  return {
    view,
    nowMs: view.atMs,
    members: isLost ? members.map(withoutQuorum) : members,
    quorum,
    leader,
    verdict,
    headline,
    electionLimitMs,
    memory,
  };
}

/**
 * By the flags alone, one name is no cluster of one: the first node of a cluster that grew was started with only its own. What
 * a node would start tells of itself, not of how many there are.
 */
function isCountKnown({ membership, members }: ClusterView): boolean {
  return (
    membership.source === "list" ||
    (membership.source === "initial-cluster" && members.filter(isVoter).length > 1)
  );
}

function withoutQuorum(member: JudgedMember): JudgedMember {
  const why = {
    en: "it answers, but no majority is left to confirm a read or write",
    zh: "它有应答，但已没有多数派来确认读写",
  };
  return member.state === "serving" ? { ...member, state: "no-quorum", role: "unknown", why } : member;
}

/** What the incidents need of an evaluation. */
import { formatId } from "../../shared/member-id.ts";
import type { Evaluation } from "../diagnosis/evaluate.ts";
import type { JudgedCluster, JudgedMember } from "../diagnosis/judged-cluster.ts";
import type { HeldEvent } from "../view/node-state.ts";
import type { IncidentLook } from "./incident-core.ts";

export function lookAt({ state, cluster: judged, resolved, checks }: Evaluation): IncidentLook {
  const faults = new Set(checks.filter(({ rule }) => rule.isFault).map(({ rule }) => rule.code));
  return {
    cluster: state.cluster,
    nowMs: judged.nowMs,
    active: state.findings,
    resolved,
    isFault: (code) => faults.has(code),
    verdict: state.verdict,
    hasLeader: state.leader !== null,
    leaderSinceMs: findLeaderSince(judged),
    leaderlessSinceMs: judged.memory.leaderlessSinceMs,
    members: judged.members.map((member) => ({
      name: member.name,
      state: member.state,
      sinceMs: member.sinceMs,
      startedAtMs: findLastStart(judged, member),
    })),
  };
}

/**
 * A collector that was away sees a leader only from its own return on; the agents' events, which they kept meanwhile,
 * tell since when it really leads.
 */
function findLeaderSince(judged: JudgedCluster): number | undefined {
  const { leader, view } = judged;
  if (leader === undefined) {
    return undefined;
  }
  const elected = view.nodes
    .flatMap(({ state }) => state.events)
    .filter(({ event }) => isElection(event, leader.memberId, leader.term));
  return Math.min(leader.sinceMs, ...elected.map(({ atMs }) => atMs));
}

function isElection({ kind, attributes }: HeldEvent["event"], memberId: string, term: bigint): boolean {
  return (
    kind === "leader_changed" &&
    memberId !== formatId(0n) &&
    attributes["to"] === memberId &&
    attributes["term"] === String(term)
  );
}

/** When its process was started last, of the last hour. */
function findLastStart({ view }: JudgedCluster, member: JudgedMember): number | undefined {
  const node = view.nodes.find(({ name }) => name === member.view.node);
  return node?.state.events.findLast(({ event }) => event.kind === "process_started")?.atMs;
}

/** What the incidents need of an evaluation. */
import type { Evaluation } from "../diagnosis/evaluate.ts";
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
    leaderSinceMs: judged.leader?.sinceMs,
    leaderlessSinceMs: judged.memory.leaderlessSinceMs,
    members: judged.members.map(({ name, state: memberState, sinceMs }) => ({
      name,
      state: memberState,
      sinceMs,
    })),
  };
}

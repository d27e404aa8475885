/** The view with the judgement of majority and leader on top: what rules see. */
import type { MemberRole, Verdict } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { ClusterView, MemberView, NodeView } from "../view/cluster-view.ts";
import type { JudgedLeader } from "./leader.ts";
import type { JudgedState } from "./member-state.ts";

export interface JudgedMember extends JudgedState {
  readonly view: MemberView;
  readonly name: string;
  readonly isVoter: boolean;
  readonly role: MemberRole;
}

export interface JudgedQuorum {
  readonly voters: number;
  readonly needed: number;
  readonly serving: number;
  /** serving − needed: below 0 by as many as are missing. */
  readonly tolerance: number;
  /** What the cluster is built to stand. */
  readonly built: number;
  readonly groups: readonly (readonly string[])[];
}

/** What the frames of this moment cannot show: since when it has been so. Carried from evaluation to evaluation. */
export interface Memory {
  readonly leader: { readonly memberId: string; readonly term: bigint; readonly sinceMs: number } | undefined;
  readonly leaderlessSinceMs: number | undefined;
}

export const NO_MEMORY: Memory = { leader: undefined, leaderlessSinceMs: undefined };

export interface JudgedCluster {
  readonly view: ClusterView;
  readonly nowMs: number;
  /** In the view's order. */
  readonly members: readonly JudgedMember[];
  readonly quorum: JudgedQuorum;
  readonly leader: JudgedLeader | undefined;
  /** By the members alone; evaluate.ts makes it degraded when a fault is active in a healthy cluster. */
  readonly verdict: Verdict;
  readonly headline: Text;
  /** How long no leader may last: two election timeouts and one look. */
  readonly electionLimitMs: number;
  readonly memory: Memory;
}

export function findNode(cluster: JudgedCluster, name: string | undefined): NodeView | undefined {
  return cluster.view.nodes.find((node) => node.name === name);
}

export function findMember(cluster: JudgedCluster, name: string): JudgedMember | undefined {
  return cluster.members.find((member) => member.name === name);
}

/** Critical when the cluster cannot lose one more voter, or already lost too many; a learner is never that. */
export function severityOfLoss(cluster: JudgedCluster, member: JudgedMember): "critical" | "warning" {
  return member.isVoter && cluster.quorum.tolerance <= 0 ? "critical" : "warning";
}

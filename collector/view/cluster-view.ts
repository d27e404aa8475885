/**
 * The cluster at one moment as evidence: who votes, and what every viewpoint says of every member and link. No
 * judgement in here; that is collector/diagnosis.
 */
import type { ProcessFact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { AgentState, LayerState, MemberRole } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { NodeState, RunState } from "./node-state.ts";

/** When evidence is too old to speak of now, in milliseconds. */
export interface StalenessLimits {
  readonly agentSilentMs: number;
  readonly agentSilentAfterStartMs: number;
  readonly fastStaleMs: number;
  readonly normalStaleMs: number;
}

/** What keeps this collector from recording, or did. */
export interface CollectorTrouble {
  readonly kind:
    | "disk-full"
    | "not-writable"
    | "not-kept-small"
    | "names-full"
    | "names-of-agent"
    | "part-unreadable"
    | "set-aside";
  /** As its log has it. */
  readonly message: string;
  readonly sinceMs: number;
}

export interface DeriveOptions {
  /** undefined: not known, as in the past. */
  readonly collectorTroubles?: readonly CollectorTrouble[] | undefined;
  readonly nowMs: number;
  readonly expectedVoters: number | undefined;
  readonly limits: StalenessLimits;
  readonly collectorStartedAtMs: number;
}

export interface AgentView {
  readonly state: AgentState;
  /** Its newest frame is of now: what it said can be used. False while it is silent or still back-fills. */
  readonly isCurrent: boolean;
  readonly lastHeardAtMs: number | undefined;
  readonly version: string | undefined;
}

export interface NodeView {
  readonly name: string;
  /** Name of the member that runs here, where known. */
  readonly member: string | undefined;
  readonly agent: AgentView;
  readonly state: NodeState;
}

/** What a member said of itself in a Status answer, to whichever viewpoint asked last. */
export interface Statement {
  readonly from: string;
  readonly atMs: number;
  /** 0n: knows no leader. */
  readonly leaderId: bigint;
  readonly term: bigint;
  readonly leaderSinceMs: number;
  readonly errors: readonly string[];
  readonly version: string;
  readonly isLearner: boolean;
  /** From etcd 3.6 on: the version that its files can be read by; empty before. */
  readonly storageVersion: string;
  /** From etcd 3.6 on: the version that a downgrade under way goes to; empty: none is. */
  readonly downgradeTarget: string;
}

/**
 * How a member's client port answers one node.
 * answers: Status was answered. refused: nobody listens. silent: no answer in time, or no route.
 * foreign: another member or cluster answered. undecided: the question could not be asked (TLS, names, rights).
 * stale: not asked lately, or the agent is not current.
 */
export type Answer = "answers" | "refused" | "silent" | "foreign" | "undecided" | "stale";

export interface Viewpoint {
  readonly node: string;
  /** The member's own node. */
  readonly isOwn: boolean;
  readonly answer: Answer;
  readonly run: RunState | undefined;
  readonly statement: Statement | undefined;
}

export interface ProcessView {
  readonly fact: ProcessFact;
  readonly sinceMs: number;
  /** 0: not known. */
  readonly startedAtMs: number;
  /** The agent itself saw it run. Otherwise only that this member has lived here is known, from before. */
  readonly wasSeen: boolean;
}

export interface MemberView {
  readonly name: string;
  /** Lower-case hex; empty while only the name is known. */
  readonly memberId: string;
  readonly id: bigint;
  readonly isLearner: boolean;
  /** On no list any more, but its node still has it. */
  readonly isRemoved: boolean;
  readonly node: string | undefined;
  readonly agent: AgentView;
  /** Its node's etcd has answered as this member, at any time that is remembered. */
  readonly hasLivedHere: boolean;
  /** From its own node, when that agent is current. */
  readonly process: ProcessView | undefined;
  readonly viewpoints: readonly Viewpoint[];
  /** The newest answer to any current viewpoint; kept for a moment when the next one does not come. */
  readonly statement: Statement | undefined;
  /** The own agent's reads, when current. */
  readonly serializable: RunState | undefined;
  readonly linearizable: RunState | undefined;
  readonly dbSizeBytes: number | undefined;
  readonly dbInUseBytes: number | undefined;
  readonly raftIndex: number | undefined;
  readonly appliedIndex: number | undefined;
}

export type LinkState = "up" | "down" | "unknown";

export interface LinkView {
  /** Members' names. */
  readonly from: string;
  readonly to: string;
  readonly port: "client" | "peer";
  readonly state: LinkState;
  readonly tcp: LayerState;
  readonly tls: LayerState;
  readonly http: LayerState;
  readonly kernel: LayerState;
  /** What does not fit into one packet, tried only while the rest passes and the kernel's view fails. */
  readonly large: LayerState;
  readonly largeText: string;
  /** What looking up the peer's name took, where that was more than a second; else 0. */
  readonly slowLookupMs: number;
  /** etcd's own established connections with the peer, as of the last look; undefined: not seen. */
  readonly connections: number | undefined;
  readonly address: string;
  readonly errorCode: string;
  readonly why: Text;
  readonly rttMs: number | undefined;
  readonly sinceMs: number | undefined;
  /** The node that saw it, where one did. */
  readonly node: string | undefined;
  readonly atMs: number | undefined;
}

/** The network carries the agent's own request; only etcd has no connection (yet), as after a restart of either end. */
export function isOnlyUnconnected(link: LinkView): boolean {
  return link.http === "ok" && link.kernel === "failed" && link.connections === 0;
}

export interface Membership {
  /**
   * list: a member list. initial-cluster: only flags were seen, IDs are unknown. start: only of each node what it would start, which
   * says nothing of how many there are. none: nobody knows.
   */
  readonly source: "list" | "initial-cluster" | "start" | "none";
  readonly clusterId: bigint;
  /** Node whose list it is. */
  readonly from: string | undefined;
  /** Nodes whose member holds another list. */
  readonly disagreeing: readonly string[];
}

export interface ClusterView {
  readonly cluster: string;
  readonly atMs: number;
  readonly collectorStartedAtMs: number;
  /** undefined: not known. */
  readonly collectorTroubles: readonly CollectorTrouble[] | undefined;
  readonly expectedVoters: number | undefined;
  readonly limits: StalenessLimits;
  readonly membership: Membership;
  /** Voters first, then learners, then removed ones; each by name. */
  readonly members: readonly MemberView[];
  /** By name. */
  readonly nodes: readonly NodeView[];
  /** Every ordered pair of members, both ports. */
  readonly links: readonly LinkView[];
  /** The largest in force on any node. */
  readonly electionTimeoutMs: number;
}

export function isVoter(member: MemberView): boolean {
  return !member.isLearner && !member.isRemoved;
}

/** The role as the member itself gives it, against the leader that was judged to be the one. */
export function roleOf(member: MemberView, leaderId: string | undefined): MemberRole {
  if (member.isLearner) {
    return "learner";
  }
  if (member.memberId !== "" && member.memberId === leaderId) {
    return "leader";
  }
  return member.statement !== undefined && member.statement.leaderId !== 0n ? "follower" : "unknown";
}

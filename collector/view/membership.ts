/** Who votes: the member list with the highest applied configuration, by member ID, never the number of agents. */
import { ProcessState } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { formatId } from "../../shared/member-id.ts";
import type { Membership } from "./cluster-view.ts";
import { findFact } from "./node-reading.ts";
import type { HeldMembership, NodeState } from "./node-state.ts";

export interface ListedMember {
  readonly name: string;
  readonly id: bigint;
  readonly memberId: string;
  readonly isLearner: boolean;
  /** The node that would start it, where no list has it and only that is known. */
  readonly node?: string;
}

export interface ChosenMembership {
  readonly membership: Membership;
  readonly members: readonly ListedMember[];
}

interface Candidate {
  readonly node: string;
  readonly held: HeldMembership;
}

export function chooseMembership(nodes: Iterable<NodeState>): ChosenMembership {
  const states = [...nodes];
  const candidates = states.flatMap(({ node, remembered }): readonly Candidate[] =>
    remembered.membership === undefined ? [] : [{ node, held: remembered.membership }],
  );
  const best = chooseCandidate(candidates);
  if (best === undefined) {
    return chooseInitialCluster(states);
  }
  const signature = describeList(best.held);
  return {
    membership: {
      source: "list",
      clusterId: best.held.list.clusterId,
      from: best.node,
      disagreeing: candidates
        .filter(({ held }) => describeList(held) !== signature)
        .map(({ node }) => node)
        .sort(),
    },
    members: nameMembers(best.held),
  };
}

/** A cluster ID that more nodes hold comes first: a member bootstrapped alone lists only itself, with any index. */
function chooseCandidate(candidates: readonly Candidate[]): Candidate | undefined {
  const holders = new Map<bigint, number>();
  for (const { held } of candidates) {
    holders.set(held.list.clusterId, (holders.get(held.list.clusterId) ?? 0) + 1);
  }
  const ranked = candidates.toSorted(
    (one, other) =>
      (holders.get(other.held.list.clusterId) ?? 0) - (holders.get(one.held.list.clusterId) ?? 0) ||
      compareApplied(other.held, one.held) ||
      (one.node < other.node ? -1 : 1),
  );
  return ranked[0];
}

function compareApplied(one: HeldMembership, other: HeldMembership): number {
  return one.appliedIndex - other.appliedIndex || Number(one.term - other.term) || one.atMs - other.atMs;
}

function describeList(held: HeldMembership): string {
  const members = held.list.members.map(({ id, isLearner }) => `${formatId(id)}${isLearner ? "l" : "v"}`);
  return `${formatId(held.list.clusterId)}:${members.sort().join(",")}`;
}

/** A member that never started has no name yet, and two may share one: then the ID stands for it. */
function nameMembers(held: HeldMembership): readonly ListedMember[] {
  const taken = new Set<string>();
  const members = held.list.members.map((member) => {
    const memberId = formatId(member.id);
    const name = member.name === "" || taken.has(member.name) ? memberId : member.name;
    taken.add(name);
    return { name, id: member.id, memberId, isLearner: member.isLearner };
  });
  return members.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * The longest: the first node of a cluster that grew was given only itself. With it, what any other node would start and no list
 * names; without any, that alone.
 */
function chooseInitialCluster(states: readonly NodeState[]): ChosenMembership {
  const from = states
    .filter(({ remembered }) => remembered.initialCluster.length > 0)
    .toSorted(
      (one, other) => other.remembered.initialCluster.length - one.remembered.initialCluster.length,
    )[0];
  const listed = (from?.remembered.initialCluster ?? []).map((name) => createMember(name));
  const members = [...listed, ...listOwn(states, listed)];
  return {
    membership: {
      source: from !== undefined ? "initial-cluster" : members.length > 0 ? "start" : "none",
      clusterId: 0n,
      from: from?.node,
      disagreeing: [],
    },
    members: members.sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

function createMember(name: string): ListedMember {
  return { name, id: 0n, memberId: "", isLearner: false };
}

/** etcd's name when it is given none. */
const UNNAMED = "default";

/** Of each node where no etcd runs and something is known of one, that etcd: by its name, else by the node's. */
function listOwn(states: readonly NodeState[], listed: readonly ListedMember[]): readonly ListedMember[] {
  const taken = new Set(listed.map(({ name }) => name));
  const isListed = ({ node, remembered }: NodeState): boolean =>
    taken.has(remembered.ownName === "" ? node : remembered.ownName);
  const own: ListedMember[] = [];
  for (const state of states.filter((one) => isDead(one) && !isListed(one))) {
    const start = findFact(state, "start", "start")?.body;
    const given = start?.name || state.remembered.ownName;
    const name = given === "" || given === UNNAMED || taken.has(given) ? state.node : given;
    if (!taken.has(name)) {
      taken.add(name);
      own.push({ ...createMember(name), node: state.node });
    }
  }
  return own;
}

function isDead(state: NodeState): boolean {
  const process = findFact(state, "process", "process")?.body;
  const words = findFact(state, "last_words", "lastWords")?.body.words ?? [];
  const isKnown = findFact(state, "start", "start") !== undefined || words.length > 0;
  return isKnown && process?.state === ProcessState.ABSENT;
}

/** Who votes: the member list with the highest applied configuration, by member ID, never the number of agents. */
import { formatId } from "../../shared/member-id.ts";
import type { Membership } from "./cluster-view.ts";
import type { HeldMembership, NodeState } from "./node-state.ts";

export interface ListedMember {
  readonly name: string;
  readonly id: bigint;
  readonly memberId: string;
  readonly isLearner: boolean;
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

function chooseInitialCluster(states: readonly NodeState[]): ChosenMembership {
  const from = states.find(({ remembered }) => remembered.initialCluster.length > 0);
  const members = (from?.remembered.initialCluster ?? []).toSorted().map((name) => ({
    name,
    id: 0n,
    memberId: "",
    isLearner: false,
  }));
  return {
    membership: {
      source: from === undefined ? "none" : "initial-cluster",
      clusterId: 0n,
      from: from?.node,
      disagreeing: [],
    },
    members,
  };
}

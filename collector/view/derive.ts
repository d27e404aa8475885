/** The folded nodes → the cluster at one moment, as evidence. Pure: (data, now) in, data out. */
import { formatId } from "../../shared/member-id.ts";
import type {
  AgentView,
  ClusterView,
  DeriveOptions,
  LinkView,
  MemberView,
  NodeView,
  ProcessView,
  Statement,
} from "./cluster-view.ts";
import { readLink } from "./link-view.ts";
import type { ListedMember } from "./membership.ts";
import { chooseMembership } from "./membership.ts";
import { findFact, findPoint, findRun, readSince } from "./node-reading.ts";
import type { ClusterFrames, NodeState } from "./node-state.ts";
import { readViewpoint } from "./viewpoint.ts";

const NEVER_SEEN: AgentView = {
  state: "never-seen",
  isCurrent: false,
  lastHeardAtMs: undefined,
  version: undefined,
};
/** etcd's default. */
const DEFAULT_ELECTION_TIMEOUT_MS = 1000;

export function derive(frames: ClusterFrames, options: DeriveOptions): ClusterView {
  const states = [...frames.nodes.values()].sort((one, other) => (one.node < other.node ? -1 : 1));
  const { membership, members: listed } = chooseMembership(states);
  const homes = mapHomes(states, listed);
  const nodes = states.map((state): NodeView => {
    const member = [...homes].find(([, node]) => node === state.node)?.[0];
    return { name: state.node, member, agent: viewAgent(state, options), state };
  });
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const context: MemberContext = { nodes, byName, clusterId: membership.clusterId, options };
  const members = [
    ...listed.filter(({ isLearner }) => !isLearner),
    ...listed.filter(({ isLearner }) => isLearner),
  ].map((member) => viewMember(member, homes.get(member.name), context));
  const removed = membership.source === "list" ? listRemoved(nodes, listed, context) : [];
  const elections = states.map(({ remembered }) => remembered.electionTimeoutMs ?? 0);
  return {
    cluster: frames.cluster,
    atMs: options.nowMs,
    collectorStartedAtMs: options.collectorStartedAtMs,
    collectorTroubles: options.collectorTroubles,
    expectedVoters: options.expectedVoters,
    limits: options.limits,
    membership,
    members: [...members, ...removed],
    nodes,
    links: viewLinks(members, byName),
    electionTimeoutMs: Math.max(...elections, 0) || DEFAULT_ELECTION_TIMEOUT_MS,
  };
}

interface MemberContext {
  readonly nodes: readonly NodeView[];
  readonly byName: ReadonlyMap<string, NodeView>;
  readonly clusterId: bigint;
  readonly options: DeriveOptions;
}

/** Member name → node name. By what the node itself would start and by ID first, then by the name that the node's etcd has, then by the node's own name. */
function mapHomes(
  states: readonly NodeState[],
  listed: readonly ListedMember[],
): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  const free = new Set(states);
  const isMatch: readonly ((state: NodeState, member: ListedMember) => boolean)[] = [
    (state, member) => member.node === state.node,
    (state, member) => member.id !== 0n && state.remembered.ownId === member.id,
    (state, member) => state.remembered.ownName === member.name,
    (state, member) => state.remembered.ownName === "" && state.node === member.name,
  ];
  for (const matches of isMatch) {
    for (const member of listed) {
      const state = homes.has(member.name) ? undefined : [...free].find((one) => matches(one, member));
      if (state !== undefined) {
        homes.set(member.name, state.node);
        free.delete(state);
      }
    }
  }
  return homes;
}

/**
 * For a moment after the collector's own start every agent gets longer: it must first notice and come back.
 * A frame received later than the moment looked at (the past, rebuilt) counts by its capture.
 */
function viewAgent(state: NodeState, options: DeriveOptions): AgentView {
  const { nowMs, limits } = options;
  const heardAtMs = state.lastReceivedAtMs <= nowMs ? state.lastReceivedAtMs : Math.min(state.atMs, nowMs);
  const isSilent =
    nowMs - heardAtMs > limits.agentSilentMs &&
    nowMs - options.collectorStartedAtMs > limits.agentSilentAfterStartMs;
  return {
    state: isSilent ? "silent" : "online",
    isCurrent: nowMs - heardAtMs <= limits.agentSilentMs && nowMs - state.atMs <= limits.agentSilentMs,
    lastHeardAtMs: heardAtMs,
    version: state.agentVersion,
  };
}

function viewMember(member: ListedMember, home: string | undefined, context: MemberContext): MemberView {
  const { nowMs, limits } = context.options;
  const node = home === undefined ? undefined : context.byName.get(home);
  const own = node?.agent.isCurrent === true ? node.state : undefined;
  const viewpoints = context.nodes.map((from) =>
    readViewpoint(from, member, {
      isOwn: from.name === home,
      clusterId: context.clusterId,
      freshSinceMs: nowMs - limits.fastStaleMs,
    }),
  );
  const statement = viewpoints
    .map((viewpoint) => viewpoint.statement)
    .reduce<Statement | undefined>(
      (newest, one) => (one !== undefined && (newest === undefined || one.atMs > newest.atMs) ? one : newest),
      undefined,
    );
  return {
    name: member.name,
    memberId: member.memberId,
    id: member.id,
    isLearner: member.isLearner,
    isRemoved: false,
    node: home,
    agent: node?.agent ?? NEVER_SEEN,
    hasLivedHere: node !== undefined && member.id !== 0n && node.state.remembered.ownId === member.id,
    process: own === undefined ? undefined : viewProcess(own),
    viewpoints,
    statement,
    serializable: own === undefined ? undefined : findRun(own, "read", "serializable"),
    linearizable: own === undefined ? undefined : findRun(own, "read", "linearizable"),
    ...readSizes(member.name, node, context.nodes),
  };
}

function viewProcess(state: NodeState): ProcessView | undefined {
  const held = findFact(state, "process", "process");
  if (held === undefined) {
    return undefined;
  }
  const { sinceUnixMs, startedAtUnixMs } = held.body;
  return {
    fact: held.body,
    sinceMs: readSince(sinceUnixMs, held.sinceMs, state),
    startedAtMs: startedAtUnixMs > 0n ? Number(startedAtUnixMs) - state.clockOffsetMs : 0,
    wasSeen: startedAtUnixMs > 0n,
  };
}

const SIZES = {
  dbSizeBytes: "etcd_status_db_size_bytes",
  dbInUseBytes: "etcd_status_db_size_in_use_bytes",
  raftIndex: "etcd_status_raft_index",
  appliedIndex: "etcd_status_raft_applied_index",
} as const;

/** The newest sample of any node; the last one known, however old, when the member no longer answers. */
function readSizes(
  name: string,
  own: NodeView | undefined,
  nodes: readonly NodeView[],
): Record<keyof typeof SIZES, number | undefined> {
  const read = (metric: string): number | undefined => {
    const points = [own, ...nodes].flatMap((node) => {
      const point =
        node === undefined ? undefined : findPoint(node.state, { metric, labels: { member: name } }, 0);
      return point === undefined ? [] : [point];
    });
    return points.reduce((newest, one) => (one.atMs > newest.atMs ? one : newest), {
      atMs: -1,
      value: undefined as number | undefined,
    }).value;
  };
  return {
    dbSizeBytes: read(SIZES.dbSizeBytes),
    dbInUseBytes: read(SIZES.dbInUseBytes),
    raftIndex: read(SIZES.raftIndex),
    appliedIndex: read(SIZES.appliedIndex),
  };
}

/** Members that a node of this cluster still has and the list has not. */
function listRemoved(
  nodes: readonly NodeView[],
  listed: readonly ListedMember[],
  context: MemberContext,
): readonly MemberView[] {
  return nodes.flatMap((node) => {
    const { ownId, ownName, membership } = node.state.remembered;
    const isOfThisCluster = membership?.list.clusterId === context.clusterId;
    if (
      node.member !== undefined ||
      ownId === 0n ||
      !isOfThisCluster ||
      listed.some(({ id }) => id === ownId)
    ) {
      return [];
    }
    const member = { name: ownName, id: ownId, memberId: formatId(ownId), isLearner: false };
    return [{ ...viewMember(member, node.name, context), isRemoved: true }];
  });
}

function viewLinks(
  members: readonly MemberView[],
  byName: ReadonlyMap<string, NodeView>,
): readonly LinkView[] {
  return members.flatMap((from) =>
    members
      .filter((to) => to.name !== from.name)
      .flatMap((to) => {
        const node = from.node === undefined ? undefined : byName.get(from.node);
        return (["peer", "client"] as const).map((port) => readLink({ from, to, port, node }));
      }),
  );
}

/**
 * Which agent compares what all members store, and when: once a day, soon again where one had compacted meanwhile, when
 * asked, and when etcd itself says that data differs; never two at a time, and not while the cluster has other worries.
 * Pure but for the map that it keeps.
 */
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { findComparison, judgeHashes, type Comparison } from "./diagnosis/hash-groups.ts";
import type { JudgedCluster, JudgedMember } from "./diagnosis/judged-cluster.ts";
import { listRaised } from "./diagnosis/raised-alarms.ts";

const DAY_MS = 86_400_000;
/** A comparison that held a member up for longer than this is made once a week. */
const DEAR_MS = 5000;
const DEAR_EVERY_MS = 7 * DAY_MS;
/** After the first look at a cluster: its agents and the history have told by then when the last one was. */
const FIRST_AFTER_MS = 10 * 60_000;
/** The probe's own limit, and its way to the collector. */
const GIVEN_UP_AFTER_MS = 11 * 60_000;
/** After one that did not come back, or that met members which had compacted to different revisions. */
const AGAIN_AFTER_MS = 3_600_000;
/** While the alarm CORRUPT is raised. */
const ALARMED_EVERY_MS = 10 * 60_000;
/** Findings that a whole read of the database would make worse. */
const WORRIES: ReadonlySet<string> = new Set([
  "DISK_SLOW",
  "DISK_STALLED",
  "CPU_STARVED",
  "MEMORY_PRESSURE",
  "RAFT_LAG",
  "LEADER_FLAPPING",
  "SLOW_REQUESTS",
]);

interface Round {
  /** Milliseconds since 1970: larger than any before, also over restarts of the collector. */
  readonly number: bigint;
  readonly node: string;
  readonly askedAtMs: number;
}

interface ClusterRounds {
  readonly firstSeenMs: number;
  readonly round: Round | undefined;
  readonly failedAtMs: number | undefined;
}

export type HashAnswer =
  { readonly kind: "asked"; readonly node: string } | { readonly kind: "refused"; readonly because: string };

export interface HashRounds {
  /** Looks at an evaluation; returns the nodes whose settings have changed. */
  observe(evaluation: Evaluation): readonly string[];
  /** On an operator's request; the round under way is the answer when there is one. */
  request(evaluation: Evaluation): HashAnswer;
  /** 0n: nothing is asked of this agent. */
  roundOf(agent: { readonly cluster: string; readonly node: string }): bigint;
}

export function createHashRounds(): HashRounds {
  const clusters = new Map<string, ClusterRounds>();

  function observe(evaluation: Evaluation): readonly string[] {
    const { nowMs, view } = evaluation.cluster;
    const before = clusters.get(view.cluster) ?? {
      firstSeenMs: nowMs,
      round: undefined,
      failedAtMs: undefined,
    };
    const settled = settle(before, evaluation);
    const node =
      settled.round === undefined && isDue(settled, evaluation) ? chooseNode(evaluation) : undefined;
    const after = node === undefined ? settled : begin(settled, node, evaluation);
    clusters.set(view.cluster, after);
    return listChanged(before.round, after.round);
  }

  function request(evaluation: Evaluation): HashAnswer {
    observe(evaluation);
    const { view } = evaluation.cluster;
    const known = clusters.get(view.cluster);
    if (known?.round !== undefined) {
      return { kind: "asked", node: known.round.node };
    }
    const because = findObstacle(evaluation);
    const node = because === undefined ? chooseNode(evaluation) : undefined;
    if (known === undefined || node === undefined) {
      return { kind: "refused", because: because ?? "no agent beside a member is heard" };
    }
    clusters.set(view.cluster, begin(known, node, evaluation));
    return { kind: "asked", node };
  }

  return {
    observe,
    request,
    roundOf: ({ cluster, node }) => {
      const round = clusters.get(cluster)?.round;
      return round?.node === node ? round.number : 0n;
    },
  };
}

function begin(before: ClusterRounds, node: string, { cluster }: Evaluation): ClusterRounds {
  const { nowMs, view } = cluster;
  const last = findComparison(view.nodes)?.fact.round ?? 0n;
  const now = BigInt(Math.round(nowMs));
  // The clock may have been set back since the last one.
  return { ...before, round: { number: now > last ? now : last + 1n, node, askedAtMs: nowMs } };
}

/** The round under way, unless it has been answered or takes too long. */
function settle(before: ClusterRounds, { cluster }: Evaluation): ClusterRounds {
  const { round } = before;
  if (round === undefined) {
    return before;
  }
  if (findComparison(cluster.view.nodes)?.fact.round === round.number) {
    return { ...before, round: undefined, failedAtMs: undefined };
  }
  return Math.abs(cluster.nowMs - round.askedAtMs) > GIVEN_UP_AFTER_MS
    ? { ...before, round: undefined, failedAtMs: cluster.nowMs }
    : before;
}

function isDue(rounds: ClusterRounds, evaluation: Evaluation): boolean {
  const { cluster } = evaluation;
  const last = findComparison(cluster.view.nodes);
  if (rounds.failedAtMs !== undefined && Math.abs(cluster.nowMs - rounds.failedAtMs) < AGAIN_AFTER_MS) {
    return false;
  }
  if (listRaised(cluster, "CORRUPT").length > 0) {
    // Who it is, only the hashes tell; the cluster refuses requests already, so that nothing is left to be spared.
    const isNew = last === undefined || cluster.nowMs - last.atMs > ALARMED_EVERY_MS;
    return isNew && cluster.members.length > 1;
  }
  const lastMs = last?.atMs ?? rounds.firstSeenMs + FIRST_AFTER_MS - DAY_MS;
  return cluster.nowMs - lastMs >= intervalAfter(last, cluster) && findObstacle(evaluation) === undefined;
}

function intervalAfter(last: Comparison | undefined, cluster: JudgedCluster): number {
  if (last?.fact.members.some(({ durationMs }) => durationMs > DEAR_MS) === true) {
    return DEAR_EVERY_MS;
  }
  // What a member refuses it will refuse in an hour too: the others would read their databases for nothing.
  const isPassing =
    last?.fact.members.every(({ problem }) => problem === "") === true &&
    judgeHashes(last.fact, listCompared(cluster).length).kind === "incomparable";
  return isPassing ? AGAIN_AFTER_MS : DAY_MS;
}

function listCompared({ members }: JudgedCluster): readonly JudgedMember[] {
  return members.filter(({ state }) => state !== "removed");
}

/** Why the cluster cannot afford it, or nothing would come of it. */
function findObstacle({ cluster, state }: Evaluation): string | undefined {
  const members = listCompared(cluster);
  if (members.length < 2) {
    return "there are no two members to compare";
  }
  const away = members.find((member) => member.state !== "serving");
  if (away !== undefined) {
    return `${away.name} does not serve`;
  }
  const minors = new Set(members.map(({ view }) => view.statement?.version.split(".").slice(0, 2).join(".")));
  if (minors.size > 1) {
    return "the members run different versions, whose hashes cannot be compared";
  }
  const worry = state.findings.find(({ code, status }) => status === "active" && WORRIES.has(code));
  return worry && `${worry.code} is found, and each member would have to read its whole database`;
}

/** One that serves, a follower before the leader, then by name: several collectors choose the same one. */
function chooseNode({ cluster }: Evaluation): string | undefined {
  const fit = cluster.members.flatMap(({ view, state, role }) => {
    const node = cluster.view.nodes.find(({ name }) => name === view.node);
    const rank = (state === "serving" ? 0 : 2) + (role === "leader" ? 1 : 0);
    return node?.agent.isCurrent === true ? [{ name: node.name, rank }] : [];
  });
  return fit.toSorted((one, other) => one.rank - other.rank || (one.name < other.name ? -1 : 1))[0]?.name;
}

function listChanged(before: Round | undefined, after: Round | undefined): readonly string[] {
  return before === after
    ? []
    : [...new Set([before?.node, after?.node].filter((node) => node !== undefined))];
}

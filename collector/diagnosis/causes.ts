/** What explains what: one idea of relatedness over the table of causes, and the order in which causes are preferred. */
import type { Confidence, Subject } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import { CAUSES, START_CODES } from "./cause-table.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import { subjectKey } from "./rule.ts";
import type { RuleResult, Track } from "./track.ts";

/**
 * What is always the effect of something else, and for how long that may still be on its way: told meanwhile, but not yet
 * called a cause. By the slowest look that shows the cause: seconds for processes and links, a timeout more for a disk that
 * hangs, two intervals of etcd's counters for what is only slow.
 */
const CAUSE_IS_ON_ITS_WAY_MS: Readonly<Record<string, number>> = {
  QUORUM_LOST: 9000,
  QUORUM_AT_RISK: 9000,
  NO_LEADER: 9000,
  LEADER_DISAGREEMENT: 9000,
  READS_HANG: 9000,
  PEER_LINK_DOWN: 6500,
  AGENT_SILENT: 3000,
  PEER_LATENCY_HIGH: 10_000,
  SLOW_REQUESTS: 15_000,
  HEARTBEATS_LATE: 15_000,
  PROPOSALS_FAILING: 15_000,
  PROPOSALS_PENDING: 15_000,
};

/** Effects that several causes bring about together: more than one of them is no doubt about any. */
const JOINT: ReadonlySet<string> = new Set(["QUORUM_LOST", "QUORUM_AT_RISK", "PEER_LINK_DOWN", "PARTITION"]);
/**
 * A cause may be seen later than its effect by as much as its probe is slower: files and certificates are read once a
 * minute, a process every second.
 */
const SEEN_LATER_MS = 90_000;
/** What begins later than this after a cause is over is not of it. */
const AFTERMATH_MS = 3000;
/** Rates are counted over two intervals of the metrics: they are told when what they show may be over. */
const COUNTED_AFTERMATH_MS = 30_000;
const COUNTED: ReadonlySet<string> = new Set([
  "SLOW_REQUESTS",
  "HEARTBEATS_LATE",
  "PROPOSALS_FAILING",
  "PROPOSALS_PENDING",
]);
/** Writes and linearizable reads go over the leader and need a majority: a fault of any member is felt on any. */
const FELT_EVERYWHERE: ReadonlySet<string> = new Set([
  "SLOW_REQUESTS",
  "PROPOSALS_FAILING",
  "PROPOSALS_PENDING",
]);
const QUORUM_CODES: ReadonlySet<string> = new Set(["QUORUM_LOST", "QUORUM_AT_RISK"]);
/** A later stage takes over from the earlier one, however long that has been told before. */
const LATER_STAGE: Readonly<Record<string, string>> = {
  DISK_NEARLY_FULL: "DISK_FULL",
  QUOTA_NEAR: "QUOTA_EXCEEDED",
  // A file that etcd cannot read is told as what it does: etcd does not start.
  CERT_UNREADABLE: "START_CERT_UNREADABLE",
};

export function isLaterStage(earlier: string, later: string): boolean {
  return LATER_STAGE[earlier] === later;
}

const START_ENDS: ReadonlySet<string> = new Set(START_CODES);

/** An attempt to start ends for one reason: what ended an earlier one has no part any more in what is broken now. */
export function isSuperseded({ code, subject }: Track, active: readonly Track[]): boolean {
  return (
    START_ENDS.has(code) &&
    active.some(
      (one) =>
        one.code !== code &&
        (START_ENDS.has(one.code) || one.code === "DATA_CORRUPT") &&
        subjectKey(one.subject) === subjectKey(subject),
    )
  );
}

/** Faults of one member that are the whole cluster's: all members hold the same keys, and one alarm stops all writes. */
const CLUSTER_WIDE: ReadonlySet<string> = new Set(["QUOTA_EXCEEDED"]);
/** Told by whoever sends again, which says nothing of where on the way it is lost: any link and whoever waits for one may suffer. */
const NOT_PLACED: ReadonlySet<string> = new Set(["PACKET_LOSS"]);
const MAX_RULED_OUT = 6;

export interface Attribution {
  readonly rootCause: boolean;
  readonly causedBy: readonly string[];
  readonly explains: readonly string[];
  readonly confidence: Confidence;
  readonly ruledOut: readonly { readonly code: string; readonly because: Text }[];
}

/** For every active finding, by id, what explains it and what it explains. */
export function attribute(
  cluster: JudgedCluster,
  active: readonly Track[],
  results: readonly RuleResult[],
): ReadonlyMap<string, Attribution> {
  const context: CauseContext = { cluster, active, results, places: createPlaces(cluster) };
  const candidates: Candidates = new Map(
    active.map((effect) => [effect.id, listCandidates(effect, context)]),
  );
  const causesOf = new Map([...candidates].map(([id, causes]) => [id, pickDirect(causes, candidates)]));
  return new Map(
    active.map((effect): [string, Attribution] => {
      const causes = causesOf.get(effect.id) ?? [];
      const explains = active.filter(({ id }) => causesOf.get(id)?.some((cause) => cause.id === effect.id));
      return [
        effect.id,
        {
          rootCause: causes.length === 0 && !isSettling(effect, cluster.nowMs),
          causedBy: causes.map(({ id }) => id),
          explains: explains.map(({ id }) => id),
          confidence: rankConfidence(effect, causes),
          ruledOut: listRuledOut(effect, context),
        },
      ];
    }),
  );
}

/** Its cause may still be on its way, or it is over itself and only not yet for long enough. */
function isSettling({ code, firstBadMs, okSinceMs }: Track, nowMs: number): boolean {
  const waitMs = CAUSE_IS_ON_ITS_WAY_MS[code];
  return waitMs !== undefined && (nowMs - firstBadMs < waitMs || okSinceMs !== undefined);
}

/** Names that a subject touches: its members and their nodes; a cluster touches everything. */
type Places = (subject: Subject) => ReadonlySet<string> | "everywhere";

function createPlaces(cluster: JudgedCluster): Places {
  const ofMember = (name: string): readonly string[] => {
    const node = cluster.members.find((member) => member.name === name)?.view.node;
    return node === undefined ? [`member/${name}`] : [`member/${name}`, `node/${node}`];
  };
  return (subject) => {
    switch (subject.kind) {
      case "cluster":
        return "everywhere";
      case "member":
        return new Set(ofMember(subject.name));
      case "link":
        return new Set([...ofMember(subject.name), ...ofMember(subject.peer ?? "")]);
      case "node": {
        const members = cluster.members.filter(({ view }) => view.node === subject.name);
        return new Set([`node/${subject.name}`, ...members.flatMap(({ name }) => ofMember(name))]);
      }
    }
  };
}

function isRelated(effect: Subject, cause: Subject, places: Places): boolean {
  const [one, other] = [places(effect), places(cause)];
  if (one === "everywhere" || other === "everywhere") {
    return true;
  }
  return [...one].some((place) => other.has(place));
}

/**
 * A quorum is lost by what takes a voter out: a fault of one that serves has no part in it. While the effect is only
 * waiting to be over, its voters serve again and nothing can be told any more.
 */
function isAtFault(effect: Track, cause: Subject, context: CauseContext): boolean {
  const touched = context.places(cause);
  return (
    !QUORUM_CODES.has(effect.code) ||
    effect.okSinceMs !== undefined ||
    touched === "everywhere" ||
    listMissing(context.cluster).some((name) => touched.has(`member/${name}`))
  );
}

/** The members that a quorum lacks: voters that do not serve; where all do, those that are no longer among them. */
function listMissing({ members }: JudgedCluster): readonly string[] {
  const missing = members.filter(({ isVoter, state }) => isVoter && state !== "serving");
  const lacking = missing.length > 0 ? missing : members.filter(({ view }) => view.isRemoved);
  return lacking.map(({ name }) => name);
}

interface CauseContext {
  readonly cluster: JudgedCluster;
  readonly active: readonly Track[];
  readonly results: readonly RuleResult[];
  readonly places: Places;
}

/** All that can explain it, by directness, then by which came first. */
function listCandidates(effect: Track, context: CauseContext): readonly Track[] {
  const codes = CAUSES[effect.code] ?? [];
  return context.active
    .filter(
      (cause) =>
        codes.includes(cause.code) &&
        (cause.sinceMs <= effect.sinceMs + SEEN_LATER_MS || isLaterStage(effect.code, cause.code)) &&
        effect.sinceMs <= (cause.okSinceMs ?? Infinity) + aftermathOf(effect) &&
        (CLUSTER_WIDE.has(cause.code) ||
          NOT_PLACED.has(cause.code) ||
          NOT_PLACED.has(effect.code) ||
          FELT_EVERYWHERE.has(effect.code) ||
          isRelated(effect.subject, cause.subject, context.places)) &&
        isAtFault(effect, cause.subject, context),
    )
    .toSorted(
      (one, other) => codes.indexOf(one.code) - codes.indexOf(other.code) || one.sinceMs - other.sinceMs,
    );
}

function aftermathOf({ code }: Track): number {
  return COUNTED.has(code) ? COUNTED_AFTERMATH_MS : AFTERMATH_MS;
}

type Candidates = ReadonlyMap<string, readonly Track[]>;

/** Of a chain only the most direct link: not what explains a cause already taken, nor what that cause explains. */
function pickDirect(candidates: readonly Track[], all: Candidates): readonly Track[] {
  const taken: Track[] = [];
  for (const candidate of candidates) {
    const isInChain = taken.some(
      (one) => reaches(one.id, candidate.id, all) || reaches(candidate.id, one.id, all),
    );
    if (!isInChain) {
      taken.push(candidate);
    }
  }
  return taken;
}

/** Whether `cause` explains `effect`, directly or over others. The table has no cycle, so this ends. */
function reaches(effect: string, cause: string, all: Candidates): boolean {
  return (all.get(effect) ?? []).some(({ id }) => id === cause || reaches(id, cause, all));
}

function rankConfidence(effect: Track, causes: readonly Track[]): Confidence {
  const own = effect.outcome.confidence ?? "certain";
  const first = causes[0];
  if (first === undefined || own === "possible" || isLaterStage(effect.code, first.code)) {
    return own;
  }
  if (first.sinceMs > effect.sinceMs + 5000) {
    return "possible";
  }
  return causes.length > 1 && !JOINT.has(effect.code) ? "likely" : own;
}

/**
 * Possible causes that were looked at and found well, each with the fact that shows it. Looked at where the effect is:
 * for a link its far end, for a cluster the voters that do not serve.
 */
function listRuledOut(effect: Track, context: CauseContext): Attribution["ruledOut"] {
  const { active, results, places, cluster } = context;
  const scene = listScene(effect.subject, cluster);
  const isThere = (subject: Subject): boolean => scene.some((one) => isRelated(one, subject, places));
  return (CAUSES[effect.code] ?? [])
    .filter((code) => !active.some((one) => one.code === code && isThere(one.subject)))
    .flatMap((code) => {
      const outcomes = results.find(({ rule }) => rule.code === code)?.outcomes ?? [];
      const related = outcomes.filter(({ subject }) => isThere(subject));
      const fact = related.find((outcome) => outcome.kind === "ok" && outcome.because !== undefined);
      const isAllWell = related.every(({ kind }) => kind === "ok");
      return isAllWell && fact?.kind === "ok" && fact.because !== undefined
        ? [{ code, because: fact.because }]
        : [];
    })
    .slice(0, MAX_RULED_OUT);
}

function listScene(subject: Subject, cluster: JudgedCluster): readonly Subject[] {
  if (subject.kind === "link") {
    return [{ kind: "member", name: subject.peer ?? "" }];
  }
  if (subject.kind !== "cluster") {
    return [subject];
  }
  return cluster.members
    .filter(({ isVoter, state }) => isVoter && state !== "serving")
    .map(({ name }) => ({ kind: "member", name }));
}

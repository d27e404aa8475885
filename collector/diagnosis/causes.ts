/** What explains what. A table of codes, one idea of relatedness, and the order in which causes are preferred. */
import type { Confidence, Subject } from "../../shared/rest.ts";
import type { Text } from "../../shared/text.ts";
import type { JudgedCluster } from "./judged-cluster.ts";
import type { RuleResult, Track } from "./track.ts";

/** Effect → codes that can explain it, the most direct first. Codes that no rule has yet do no harm. */
export const CAUSES: Readonly<Record<string, readonly string[]>> = {
  MEMBER_DOWN: [
    "OOM_KILLED",
    "DISK_FULL",
    "INODES_EXHAUSTED",
    "NODE_UNREACHABLE",
    "FS_READ_ONLY",
    "MEMBER_REMOVED",
    "CERT_KEY_MISMATCH",
    "CERT_UNREADABLE",
    "CERT_EXPIRED",
    "CLUSTER_ID_MISMATCH",
    "CRASH_LOOP",
  ],
  CRASH_LOOP: [
    "OOM_KILLED",
    "DISK_FULL",
    "INODES_EXHAUSTED",
    "FS_READ_ONLY",
    "MEMBER_REMOVED",
    "CERT_KEY_MISMATCH",
    "CERT_UNREADABLE",
    "CERT_EXPIRED",
  ],
  OOM_KILLED: ["MEMORY_PRESSURE"],
  READS_HANG: [
    "PROCESS_STOPPED",
    "DISK_STALLED",
    "DISK_SLOW",
    "CPU_STARVED",
    "PACKET_LOSS",
    "PEER_LATENCY_HIGH",
  ],
  RAFT_LAG: ["DISK_STALLED", "DISK_SLOW", "CPU_STARVED", "MEMORY_PRESSURE", "PACKET_LOSS"],
  MEMBER_HUNG: [
    "PROCESS_STOPPED",
    "DISK_STALLED",
    "CPU_STARVED",
    "CERT_EXPIRED",
    "CERT_KEY_MISMATCH",
    "CERT_UNTRUSTED",
  ],
  QUORUM_LOST: [
    "PARTITION",
    "MEMBER_DOWN",
    "READS_HANG",
    "MEMBER_HUNG",
    "PROCESS_STOPPED",
    "NODE_UNREACHABLE",
    "DISK_FULL",
    "CERT_EXPIRED",
    "PEER_LINK_DOWN",
  ],
  QUORUM_AT_RISK: [
    "MEMBER_DOWN",
    "READS_HANG",
    "MEMBER_HUNG",
    "PROCESS_STOPPED",
    "NODE_UNREACHABLE",
    "PARTITION",
    "CERT_EXPIRED",
    "DISK_FULL",
    "PEER_LINK_DOWN",
  ],
  NO_LEADER: ["QUORUM_LOST", "PARTITION", "DISK_SLOW", "TIMEOUTS_UNSUITABLE", "CPU_STARVED"],
  LEADER_DISAGREEMENT: [
    "CLUSTER_ID_MISMATCH",
    "PARTITION",
    "ASYMMETRIC_LINK",
    "PEER_LINK_DOWN",
    "DISK_STALLED",
  ],
  PEER_LINK_DOWN: [
    "MEMBER_DOWN",
    "MEMBER_HUNG",
    "PROCESS_STOPPED",
    "NODE_UNREACHABLE",
    "CERT_EXPIRED",
    "CERT_UNTRUSTED",
    "CERT_SAN_MISMATCH",
    "CERT_KEY_MISMATCH",
    "PARTITION",
    "PEER_PORT_BLOCKED",
    "DNS_FAILING",
    "CLUSTER_ID_MISMATCH",
  ],
  PARTITION: ["CERT_EXPIRED", "CERT_UNTRUSTED", "CERT_SAN_MISMATCH", "PEER_PORT_BLOCKED"],
  PEER_PORT_BLOCKED: ["CERT_EXPIRED", "CERT_UNTRUSTED", "CERT_SAN_MISMATCH"],
  ASYMMETRIC_LINK: ["MEMBER_DOWN", "MEMBER_HUNG", "PEER_PORT_BLOCKED", "PEER_LINK_DOWN"],
  CLIENT_PORT_BLOCKED: ["FD_NEAR_LIMIT"],
  PACKET_LOSS: ["PARTITION", "NODE_UNREACHABLE", "MEMBER_HUNG", "PROCESS_STOPPED", "PEER_PORT_BLOCKED"],
  PEER_LATENCY_HIGH: ["PACKET_LOSS", "CPU_STARVED"],
  SLOW_REQUESTS: [
    "DISK_STALLED",
    "DISK_SLOW",
    "CPU_STARVED",
    "MEMORY_PRESSURE",
    "PROCESS_STOPPED",
    "PACKET_LOSS",
    "PEER_LATENCY_HIGH",
  ],
  HEARTBEATS_LATE: ["DISK_STALLED", "DISK_SLOW", "CPU_STARVED", "MEMORY_PRESSURE", "PROCESS_STOPPED"],
  PROPOSALS_FAILING: [
    "QUORUM_LOST",
    "NO_LEADER",
    "PARTITION",
    "QUOTA_EXCEEDED",
    "DISK_STALLED",
    "DISK_SLOW",
    "CPU_STARVED",
    "PACKET_LOSS",
  ],
  PROPOSALS_PENDING: [
    "QUORUM_LOST",
    "NO_LEADER",
    "DISK_STALLED",
    "DISK_SLOW",
    "CPU_STARVED",
    "MEMORY_PRESSURE",
    "PROCESS_STOPPED",
    "PACKET_LOSS",
  ],
  AGENT_DEGRADED: ["DISK_STALLED", "CPU_STARVED"],
  DISK_NEARLY_FULL: ["DISK_FULL"],
  QUOTA_EXCEEDED: ["AUTO_COMPACTION_OFF", "DB_FRAGMENTED", "DB_GROWTH"],
  QUOTA_NEAR: ["QUOTA_EXCEEDED", "AUTO_COMPACTION_OFF", "DB_FRAGMENTED", "DB_GROWTH"],
  DISK_SLOW: ["DISK_STALLED", "DISK_CONTENDED"],
  AGENT_SILENT: ["NODE_UNREACHABLE"],
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
const QUORUM_CODES: ReadonlySet<string> = new Set(["QUORUM_LOST", "QUORUM_AT_RISK"]);
/** A later stage takes over from the earlier one, however long that has been told before. */
const LATER_STAGE: Readonly<Record<string, string>> = {
  DISK_NEARLY_FULL: "DISK_FULL",
  QUOTA_NEAR: "QUOTA_EXCEEDED",
};

export function isLaterStage(earlier: string, later: string): boolean {
  return LATER_STAGE[earlier] === later;
}

/** Faults of one member that are the whole cluster's: all members hold the same keys, and one alarm stops all writes. */
const CLUSTER_WIDE: ReadonlySet<string> = new Set(["QUOTA_EXCEEDED"]);
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
          rootCause: causes.length === 0,
          causedBy: causes.map(({ id }) => id),
          explains: explains.map(({ id }) => id),
          confidence: rankConfidence(effect, causes),
          ruledOut: listRuledOut(effect, context),
        },
      ];
    }),
  );
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
    context.cluster.members.some(
      ({ name, isVoter, state }) => isVoter && state !== "serving" && touched.has(`member/${name}`),
    )
  );
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
        effect.sinceMs <= (cause.okSinceMs ?? Infinity) + AFTERMATH_MS &&
        (CLUSTER_WIDE.has(cause.code) || isRelated(effect.subject, cause.subject, context.places)) &&
        isAtFault(effect, cause.subject, context),
    )
    .toSorted(
      (one, other) => codes.indexOf(one.code) - codes.indexOf(other.code) || one.sinceMs - other.sinceMs,
    );
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

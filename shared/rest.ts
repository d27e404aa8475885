/** The shapes of the REST API, as CONTRACT.md gives them: what the collector serves and the commands read. */
import type { Text } from "./text.ts";

/** RFC 3339 UTC with milliseconds. */
export type Timestamp = string;

export type Verdict = "healthy" | "degraded" | "at-risk" | "no-leader" | "quorum-lost" | "unknown";
export type Severity = "critical" | "warning" | "info";
export type FindingLayer = "process" | "cluster" | "storage" | "network" | "config" | "performance" | "agent";
export type Confidence = "certain" | "likely" | "possible";
export type MemberState = "serving" | "no-quorum" | "hung" | "down" | "unreachable" | "removed" | "unknown";
export type MemberRole = "leader" | "follower" | "learner" | "unknown";
export type AgentState = "online" | "silent" | "never-seen";

export interface ClusterSummary {
  readonly name: string;
  readonly verdict: Verdict;
  readonly headline: Text;
  readonly tolerance: number;
  /** Name of the leading member, or null. */
  readonly leader: string | null;
  readonly openIncident: string | null;
}

export interface QuorumState {
  readonly voters: number;
  readonly needed: number;
  readonly serving: number;
  readonly tolerance: number;
  /** Names of voters that can reach each other both ways, largest group first. */
  readonly groups: readonly (readonly string[])[];
}

export interface LeaderState {
  readonly member: string;
  readonly memberId: string;
  readonly term: string;
  readonly since: Timestamp;
  readonly agreedBy: readonly string[];
  readonly disagreeing: readonly string[];
}

/** The machine that a member runs on, as its agent told it last; null where that is not known. */
export interface MachineReport {
  readonly bootedAt: Timestamp | null;
  /** Mean over a minute of the tasks that ran, could have run or waited for a disk. */
  readonly load1: number | null;
  readonly cpus: number | null;
}

export interface MemberReport {
  readonly name: string;
  readonly memberId: string;
  /** The node whose agent watches this member, or null when none does. */
  readonly node: string | null;
  readonly role: MemberRole;
  readonly state: MemberState;
  readonly why: Text;
  readonly version: string | null;
  /** The version that its files can be read by; null: not known, as before etcd 3.6. */
  readonly storageVersion: string | null;
  /** The version that a downgrade under way goes to; null: none is, or etcd is older than 3.6. */
  readonly downgradeTarget: string | null;
  readonly dbSizeBytes: number | null;
  readonly dbInUseBytes: number | null;
  readonly raftTerm: string | null;
  readonly raftIndex: string | null;
  readonly appliedIndex: string | null;
  readonly agent: {
    readonly state: AgentState;
    readonly lastSeen: Timestamp | null;
    readonly version: string | null;
  };
  /** null: no agent has told of it. */
  readonly machine: MachineReport | null;
}

export interface Subject {
  readonly kind: "member" | "node" | "link" | "cluster";
  /** Member, node or cluster name; for a link, the end that sees it. */
  readonly name: string;
  /** For a link, the other end. */
  readonly peer?: string;
}

export interface Evidence {
  readonly node: string;
  readonly source: string;
  readonly at: Timestamp;
  readonly text: Text;
  readonly value?: number;
  readonly threshold?: number;
  readonly unit?: string;
}

export interface Finding {
  readonly id: string;
  readonly code: string;
  readonly layer: FindingLayer;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly status: "active" | "resolved";
  readonly since: Timestamp;
  readonly lastSeen: Timestamp;
  readonly until: Timestamp | null;
  readonly rootCause: boolean;
  readonly causedBy: readonly string[];
  readonly explains: readonly string[];
  readonly confidence: Confidence;
  readonly title: Text;
  readonly detail: Text;
  /** A duration such as "30m"; "now" is "0s". */
  readonly respondWithin: string;
  readonly runbook: string | null;
  readonly evidence: readonly Evidence[];
  readonly ruledOut: readonly { readonly code: string; readonly because: Text }[];
}

export interface ClusterState {
  readonly cluster: string;
  readonly at: Timestamp;
  readonly verdict: Verdict;
  readonly headline: Text;
  readonly quorum: QuorumState;
  readonly leader: LeaderState | null;
  readonly members: readonly MemberReport[];
  readonly coverage: { readonly score: number; readonly blindSpots: readonly Text[] };
  readonly rootCauses: readonly string[];
  readonly findings: readonly Finding[];
  readonly openIncident: string | null;
}

export type LayerState = "ok" | "failed" | "unknown";

/** One cell of the directed connectivity matrix. */
export interface LinkReport {
  readonly from: string;
  readonly to: string;
  readonly port: "client" | "peer";
  readonly tcp: LayerState;
  readonly tls: LayerState;
  readonly http: LayerState;
  readonly rttMs: number | null;
  /** Share of lost segments, 0 to 1, where known. */
  readonly loss: number | null;
  readonly state: "up" | "down" | "unknown";
  readonly why: Text;
  readonly since: Timestamp | null;
}

export interface CertificateReport {
  readonly node: string;
  readonly role: string;
  readonly path: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly sans: readonly string[];
  readonly notBefore: Timestamp | null;
  readonly notAfter: Timestamp | null;
  readonly daysLeft: number | null;
  readonly serial: string | null;
  readonly fingerprintSha256: string | null;
  readonly problem: string | null;
  /** At the last one of etcd's folder that is looked at: how many more lie there and are not; 0 at all others. */
  readonly moreInFolder: number;
}

export interface SeriesDescription {
  readonly metric: string;
  readonly unit: string;
  readonly kind: "gauge" | "counter";
  readonly help: Text;
  /** Nodes that sent it. */
  readonly nodes: readonly string[];
}

/** One step: its start, and the values of the samples in it. */
export interface SeriesPoint {
  readonly at: Timestamp;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly last: number;
}

export interface SeriesData {
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly SeriesPoint[];
}

export interface SeriesAnswer {
  readonly metric: string;
  readonly unit: string;
  readonly from: Timestamp;
  readonly to: Timestamp;
  readonly stepMs: number;
  readonly series: readonly SeriesData[];
}

export type CheckState = "ok" | "bad" | "unknown";

/** What one rule says of one subject. */
export interface SubjectCheck {
  readonly subject: Subject;
  readonly state: CheckState;
  /** The fact that shows it, what is wrong, or why it is not known; null: nothing worth telling. */
  readonly text: Text | null;
  readonly evidence: readonly Evidence[];
}

/** One question of the decision tree: a rule over all its subjects. */
export interface DiagnosisCheck {
  readonly code: string;
  readonly name: Text;
  /** The worst of its subjects: bad, then unknown, then ok. */
  readonly state: CheckState;
  /** Of what is bad; null when nothing is. */
  readonly severity: Severity | null;
  readonly runbook: string | null;
  readonly subjects: readonly SubjectCheck[];
}

export interface DiagnosisLayer {
  readonly layer: FindingLayer;
  readonly name: Text;
  readonly state: CheckState;
  /** What the state rests on, in a sentence. */
  readonly summary: Text;
  readonly checks: readonly DiagnosisCheck[];
  /** What to do next about what is bad in it; null when nothing is, or no command helps. */
  readonly next: DiagnosisNext | null;
}

/** The decision tree, walked from the process up: `…/diagnosis` and `etcdscope diagnose --json`. */
export interface Diagnosis {
  readonly cluster: string;
  readonly at: Timestamp;
  readonly verdict: Verdict;
  readonly headline: Text;
  readonly state: CheckState;
  readonly layers: readonly DiagnosisLayer[];
  /** What to do next, for the first root cause; null when nothing is bad. */
  readonly next: DiagnosisNext | null;
}

export interface DiagnosisNext {
  readonly code: string;
  readonly member: string | null;
  readonly text: Text;
  /** A command that changes nothing. */
  readonly command: string;
}

export type StepRisk = "read-only" | "safe" | "disruptive" | "destructive";

export interface RunbookStep {
  /** From 1. */
  readonly number: number;
  readonly title: Text;
  readonly detail: Text;
  readonly risk: StepRisk;
  /** Where to run it; null: wherever etcdctl and its certificates are. */
  readonly node: string | null;
  /** POSIX shell, one command a line; null: nothing to type. */
  readonly command: string | null;
  readonly precondition: RunbookCondition | null;
  readonly verify: Text | null;
  readonly undo: Text | null;
}

/** Checked against the cluster as it is now. Unknown is never a yes. */
export interface RunbookCondition {
  readonly text: Text;
  readonly state: "met" | "refused" | "unknown";
  readonly because: Text;
}

export interface Runbook {
  readonly cluster: string;
  readonly at: Timestamp;
  readonly code: string;
  readonly name: Text;
  /** The member that it is rendered for; null: none is known. */
  readonly member: string | null;
  readonly summary: Text;
  readonly doNot: readonly Text[];
  /** Shell variables in the commands that only the operator can fill in. */
  readonly blanks: readonly { readonly name: string; readonly text: Text }[];
  readonly steps: readonly RunbookStep[];
}

/** RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The field that is wrong, where there is one. */
  readonly field?: string;
}

/** A comparison of what all members store has been asked for; what it shows comes as DATA_CORRUPT in the state. */
export interface DataComparison {
  readonly cluster: string;
  /** Whose agent does it. */
  readonly node: string;
}

export type BackupState = "valid" | "truncated" | "hash-mismatch" | "not-a-database" | "unknown";

/** What one node's directory of backups holds. */
export interface BackupDirectoryReport {
  readonly node: string;
  readonly directory: string;
  /** Why it could not be read; null: it could. */
  readonly problem: string | null;
  readonly count: number;
  readonly oldest: Timestamp | null;
  readonly maxAgeSeconds: number;
  readonly availableBytes: number | null;
  /** The newest ten, newest first. */
  readonly snapshots: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly modifiedAt: Timestamp;
    readonly state: BackupState;
    readonly problem: string | null;
  }[];
}

/** One flag of etcd, member by member. */
export interface FlagReport {
  readonly flag: string;
  readonly differs: boolean;
  /** It differs, and is not one that is each member's own. */
  readonly isDrift: boolean;
  /** A difference is found as FLAG_DRIFT. */
  readonly mustAgree: boolean;
  readonly values: readonly {
    readonly member: string;
    readonly node: string;
    /** null: neither given nor known as a default. */
    readonly value: string | null;
    readonly isGiven: boolean;
  }[];
}

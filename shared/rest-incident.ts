/** The shapes of incidents, changes and can-i in the REST API; apart from rest.ts, which has the present. */
import type { Finding, Severity, Subject, Timestamp } from "./rest.ts";
import type { Text } from "./text.ts";

export type IncidentStatus = "open" | "resolved";

/** maintenance: one member at a time was away and came back within two minutes. */
export type IncidentKind = "fault" | "maintenance";

/** A stretch of time; `to` is null while it goes on. */
export interface Stretch {
  readonly from: Timestamp;
  readonly to: Timestamp | null;
}

export interface IncidentCause {
  /** Id of the finding. */
  readonly id: string;
  readonly code: string;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly title: Text;
}

export interface IncidentSummary {
  readonly id: string;
  readonly cluster: string;
  readonly status: IncidentStatus;
  readonly kind: IncidentKind;
  readonly severity: Severity;
  readonly title: Text;
  readonly openedAt: Timestamp;
  readonly resolvedAt: Timestamp | null;
  readonly durationMs: number;
  /** How often it came back after it had been over. */
  readonly reopened: number;
  readonly rootCauses: readonly IncidentCause[];
  readonly findingCount: number;
}

export interface MemberImpact {
  readonly member: string;
  readonly away: readonly Stretch[];
  readonly awayMs: number;
}

export interface IncidentImpact {
  /** No write could be confirmed: no leader, or no majority. */
  readonly noWrites: readonly Stretch[];
  readonly noWritesMs: number;
  readonly leaderless: readonly Stretch[];
  readonly leaderlessMs: number;
  readonly members: readonly MemberImpact[];
  /** Nothing can be said of these: the collector did not run, or heard too little to judge. */
  readonly unseen: readonly Stretch[];
  readonly summary: Text;
}

export type TimelineKind = "finding" | "event" | "change" | "leader" | "incident";

/** One line of what happened, on the collector's clock. */
export interface TimelineEntry {
  readonly at: Timestamp;
  readonly kind: TimelineKind;
  /** Finding code, or the name of the event or change. */
  readonly code: string;
  /** Where it was seen; null: the cluster as a whole. */
  readonly node: string | null;
  readonly severity: Severity;
  readonly text: Text;
  /** false: the node's clock was never measured against the collector's, so that the order is not sure. */
  readonly isClockMeasured: boolean;
}

/** Something that is another one than before (`changes`), or that happened at an instant (`events`). */
export interface NoteReport {
  readonly id: string;
  readonly at: Timestamp;
  readonly node: string;
  readonly code: string;
  readonly subject: string;
  readonly text: Text;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isClockMeasured: boolean;
}

/** A metric that differs between two spans of the same length. Counters are compared by their rate a second. */
export interface Mover {
  readonly metric: string;
  readonly unit: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly help: Text;
  readonly before: number;
  readonly after: number;
  /** after / before; null when it was 0 before. */
  readonly ratio: number | null;
}

export interface MoversAnswer {
  readonly cluster: string;
  readonly from: Timestamp;
  readonly to: Timestamp;
  readonly movers: readonly Mover[];
  /** Metrics that could not be compared, with the reason. */
  readonly unknown: readonly { readonly metric: string; readonly because: Text }[];
}

export interface Incident extends IncidentSummary {
  readonly impact: IncidentImpact;
  readonly findings: readonly Finding[];
  readonly timeline: readonly TimelineEntry[];
  /** What was changed in the day before it began. */
  readonly changesBefore: readonly NoteReport[];
  readonly trends: readonly Mover[];
  /** What this page could not see. */
  readonly unknown: readonly Text[];
}

/** An incident with what a post-mortem adds to it. */
export interface IncidentReport {
  readonly incident: Incident;
  readonly generatedAt: Timestamp;
  readonly followUps: readonly Text[];
}

export interface StopReason {
  readonly effect: "blocks" | "unknown" | "note";
  readonly code: string;
  readonly text: Text;
}

export interface CanStop {
  readonly cluster: string;
  readonly member: string;
  readonly at: Timestamp;
  /** null: nobody can tell, and the reasons say why. */
  readonly safe: boolean | null;
  readonly reasons: readonly StopReason[];
  /** Voters that may still fail now. */
  readonly tolerance: number;
  /** The cluster without the member, counting only voters that are known to be sound. */
  readonly after: {
    readonly voters: number;
    readonly needed: number;
    readonly serving: number;
    readonly tolerance: number;
  };
}

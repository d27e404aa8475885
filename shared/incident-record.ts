/** An incident as it is kept: plain JSON, so that what is read back after a restart is what was written. */
import type { IncidentKind, IncidentStatus } from "./rest-incident.ts";
import type { Severity, Subject } from "./rest.ts";
import type { Text } from "./text.ts";

/** A stretch of time; no end while it goes on. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number | null;
}

/** What an incident keeps of a finding that is part of it. */
export interface IncidentFinding {
  readonly id: string;
  readonly code: string;
  readonly severity: Severity;
  readonly subject: Subject;
  readonly title: Text;
  readonly sinceMs: number;
  /** null while it is active. */
  readonly untilMs: number | null;
  /**
   * What explained it when something last did. Kept when the cause is over first: an effect that lingers has not become
   * a cause.
   */
  readonly causedBy: readonly string[];
}

export interface ImpactRecord {
  readonly noWrites: readonly Span[];
  readonly leaderless: readonly Span[];
  /** By member name. */
  readonly away: Readonly<Record<string, readonly Span[]>>;
  readonly unseen: readonly Span[];
}

export interface IncidentRecord {
  readonly id: string;
  readonly cluster: string;
  readonly status: IncidentStatus;
  readonly kind: IncidentKind;
  readonly severity: Severity;
  readonly openedMs: number;
  readonly resolvedMs: number | null;
  /** The last look at it while it was open. */
  readonly lookedMs: number;
  /** When a finding last joined it. */
  readonly joinedMs: number;
  readonly reopened: number;
  readonly findings: readonly IncidentFinding[];
  /** Findings that did not fit any more. */
  readonly leftOut: number;
  readonly impact: ImpactRecord;
}

/** Findings of one incident; more are counted, not kept. */
export const MAX_INCIDENT_FINDINGS = 300;

export function isRootCause(finding: IncidentFinding): boolean {
  return finding.causedBy.length === 0;
}

const SEVERITY_ORDER: readonly Severity[] = ["info", "warning", "critical"];

export function worstSeverity(severities: readonly Severity[]): Severity {
  const rank = Math.max(0, ...severities.map((severity) => SEVERITY_ORDER.indexOf(severity)));
  return SEVERITY_ORDER[rank] ?? "info";
}

/**
 * Findings over time → incidents: (state, look) in, (state, actions) out. Findings join an incident by cause, or by
 * time when a fault follows another within minutes; an incident is over when none of its findings is active, and comes
 * back when it returns within the window. Its id is that of its first finding, so that a collector that was killed
 * before it could write finds the same one again.
 */
import type { Finding } from "../../shared/rest.ts";
import { findingId } from "../diagnosis/finding-id.ts";
import type { IncidentFinding, IncidentRecord } from "../../shared/incident-record.ts";
import { MAX_INCIDENT_FINDINGS, worstSeverity } from "../../shared/incident-record.ts";
import { extendImpact, NO_IMPACT, type ImpactLook } from "./impact.ts";
import { isMaintenance } from "./maintenance.ts";

/** A fault that follows the last news of an incident within this belongs to it. */
export const JOIN_WITHIN_MS = 5 * 60_000;
/** The same fault again within this is the same incident. */
export const REOPEN_WITHIN_MS = 10 * 60_000;
/** Faults that have nothing to do with each other, at once; more join the newest. */
const MAX_OPEN = 20;

export interface IncidentState {
  /** Open ones, oldest first, then those that may still come back. */
  readonly incidents: readonly IncidentRecord[];
}

export interface IncidentLook extends ImpactLook {
  readonly cluster: string;
  readonly active: readonly Finding[];
  /** Over at this look. */
  readonly resolved: readonly Finding[];
  /** Whether findings of this code say that something is broken now. */
  readonly isFault: (code: string) => boolean;
}

export interface IncidentAction {
  readonly kind: "opened" | "joined" | "updated" | "resolved" | "reopened";
  readonly incident: IncidentRecord;
}

export interface IncidentStep {
  readonly state: IncidentState;
  readonly actions: readonly IncidentAction[];
}

export const NO_INCIDENTS: IncidentState = { incidents: [] };

export function stepIncidents(before: IncidentState, look: IncidentLook): IncidentStep {
  const told = new Map<string, IncidentAction["kind"]>();
  let incidents: readonly IncidentRecord[] = before.incidents.filter(
    ({ resolvedMs }) => resolvedMs === null || look.nowMs - resolvedMs <= REOPEN_WITHIN_MS,
  );
  // Causes before effects of the same moment, so that an effect finds the incident of its cause.
  const fresh = look.active
    .filter(({ id }) => !incidents.some(({ findings }) => findings.some((one) => one.id === id)))
    .toSorted(
      (one, other) =>
        Number(look.isFault(other.code)) - Number(look.isFault(one.code)) ||
        Number(other.rootCause) - Number(one.rootCause) ||
        Date.parse(one.since) - Date.parse(other.since),
    );
  for (const finding of fresh) {
    const { next, kind, id } = place(incidents, finding, look);
    incidents = next;
    if (kind !== undefined && told.get(id) !== "opened" && told.get(id) !== "reopened") {
      told.set(id, kind);
    }
  }
  const looked = incidents.map((incident) => advance(incident, look));
  const actions = looked.flatMap((incident): readonly IncidentAction[] => {
    const was = before.incidents.find(({ id }) => id === incident.id);
    const kind =
      incident.status === "resolved" && was?.status === "open"
        ? "resolved"
        : (told.get(incident.id) ?? (isNews(was, incident) ? "updated" : undefined));
    return kind === undefined ? [] : [{ kind, incident }];
  });
  return { state: { incidents: looked }, actions };
}

/** The one that the cluster's state names: the worst, then the oldest. */
export function findOpen(state: IncidentState): IncidentRecord | undefined {
  const open = state.incidents.filter(({ status }) => status === "open");
  const worst = worstSeverity(open.map(({ severity }) => severity));
  return open.filter(({ severity }) => severity === worst).toSorted((a, b) => a.openedMs - b.openedMs)[0];
}

interface Placed {
  readonly next: readonly IncidentRecord[];
  readonly id: string;
  readonly kind: "opened" | "joined" | "reopened" | undefined;
}

function place(incidents: readonly IncidentRecord[], finding: Finding, look: IncidentLook): Placed {
  const isOpening = look.isFault(finding.code) && finding.severity !== "info";
  const home = findHome(incidents, finding, { isOpening, nowMs: look.nowMs });
  if (home === undefined) {
    return isOpening ? openIncident(incidents, finding, look) : { next: incidents, id: "", kind: undefined };
  }
  const isReturn = home.status === "resolved";
  const joined: IncidentRecord = {
    ...addFinding(home, finding),
    status: "open",
    resolvedMs: null,
    joinedMs: look.nowMs,
    reopened: home.reopened + (isReturn ? 1 : 0),
    // Nobody looked at it while it was over: that is no gap.
    lookedMs: isReturn ? look.nowMs : home.lookedMs,
  };
  return {
    next: incidents.map((one) => (one.id === home.id ? joined : one)),
    id: home.id,
    kind: isReturn ? "reopened" : "joined",
  };
}

interface Homecoming {
  readonly isOpening: boolean;
  readonly nowMs: number;
}

/** By cause first; then the same fault again; then the newest open one within the window. */
function findHome(
  incidents: readonly IncidentRecord[],
  finding: Finding,
  { isOpening, nowMs }: Homecoming,
): IncidentRecord | undefined {
  const open = incidents.filter(({ status }) => status === "open");
  const linked = new Set([...finding.causedBy, ...finding.explains]);
  const byCause = open.find(({ findings }) => findings.some(({ id }) => linked.has(id)));
  if (byCause !== undefined || !isOpening) {
    return byCause;
  }
  const isSame = (one: IncidentFinding): boolean =>
    one.code === finding.code &&
    one.subject.kind === finding.subject.kind &&
    one.subject.name === finding.subject.name &&
    one.subject.peer === finding.subject.peer;
  const again = incidents.filter(({ findings }) => findings.some(isSame)).at(-1);
  const near = open.filter(({ joinedMs }) => nowMs - joinedMs <= JOIN_WITHIN_MS).at(-1);
  const full = open.length >= MAX_OPEN ? open.at(-1) : undefined;
  // One member after the other: a rolling restart is one incident.
  const rolling = incidents
    .filter(({ kind, status }) => kind === "maintenance" && status === "resolved")
    .at(-1);
  return again ?? near ?? full ?? rolling;
}

function openIncident(incidents: readonly IncidentRecord[], finding: Finding, look: IncidentLook): Placed {
  const id = findingId(["incident", look.cluster, finding.id]);
  const empty: IncidentRecord = {
    id,
    cluster: look.cluster,
    status: "open",
    kind: "fault",
    severity: finding.severity,
    openedMs: Math.min(Date.parse(finding.since), look.nowMs),
    resolvedMs: null,
    lookedMs: look.nowMs,
    joinedMs: look.nowMs,
    reopened: 0,
    findings: [],
    leftOut: 0,
    impact: NO_IMPACT,
  };
  return { next: [...incidents, addFinding(empty, finding)], id, kind: "opened" };
}

function addFinding(incident: IncidentRecord, finding: Finding): IncidentRecord {
  if (incident.findings.length >= MAX_INCIDENT_FINDINGS) {
    return { ...incident, leftOut: incident.leftOut + 1 };
  }
  return { ...incident, findings: [...incident.findings, keepFinding(undefined, finding)] };
}

function keepFinding(before: IncidentFinding | undefined, finding: Finding): IncidentFinding {
  const { id, code, subject, title } = finding;
  return {
    id,
    code,
    subject,
    // The texts of the beginning stay: figures in them move at each look, and an incident is written when it changes.
    title: before?.title ?? title,
    severity: worstSeverity([finding.severity, before?.severity ?? "info"]),
    sinceMs: Date.parse(finding.since),
    untilMs: null,
    causedBy: finding.causedBy.length > 0 ? finding.causedBy : (before?.causedBy ?? []),
  };
}

function advance(incident: IncidentRecord, look: IncidentLook): IncidentRecord {
  if (incident.status === "resolved") {
    return incident;
  }
  const findings = incident.findings.map((one): IncidentFinding => {
    const active = look.active.find(({ id }) => id === one.id);
    if (active !== undefined) {
      return keepFinding(one, active);
    }
    const until = look.resolved.find(({ id }) => id === one.id)?.until;
    return {
      ...one,
      untilMs: one.untilMs ?? (until === undefined || until === null ? look.nowMs : Date.parse(until)),
    };
  });
  const isOver = findings.every(({ untilMs }) => untilMs !== null);
  const impact = extendImpact(incident, look, isOver);
  const isRestart = isMaintenance(findings, impact, look.nowMs);
  return {
    ...incident,
    kind: isRestart ? "maintenance" : "fault",
    severity: isRestart ? "info" : worstSeverity(findings.map(({ severity }) => severity)),
    status: isOver ? "resolved" : "open",
    resolvedMs: isOver ? Math.max(incident.openedMs, ...findings.map(({ untilMs }) => untilMs ?? 0)) : null,
    lookedMs: look.nowMs,
    findings,
    impact,
  };
}

/** The time of the look moves always; it is written this often, so that a gap shows after a restart. */
const LOOKED_STEP_MS = 30_000;

function isNews(before: IncidentRecord | undefined, after: IncidentRecord): boolean {
  return printIncident(before) !== printIncident(after);
}

function printIncident(incident: IncidentRecord | undefined): string {
  return incident === undefined
    ? ""
    : JSON.stringify({ ...incident, lookedMs: Math.floor(incident.lookedMs / LOOKED_STEP_MS) });
}

/** An incident after the collector's clock was set: its times move along, or at least out of the future. Pure. */
import type { ImpactRecord, IncidentRecord, Span } from "../../shared/incident-record.ts";

/** `move` says where a time is now. */
export function moveIncident(incident: IncidentRecord, move: (atMs: number) => number): IncidentRecord {
  const moveEnd = (atMs: number | null): number | null => (atMs === null ? null : move(atMs));
  const moveSpans = (spans: readonly Span[]): readonly Span[] =>
    spans.map(({ fromMs, toMs }) => ({ fromMs: move(fromMs), toMs: moveEnd(toMs) }));
  return {
    ...incident,
    openedMs: move(incident.openedMs),
    resolvedMs: moveEnd(incident.resolvedMs),
    lookedMs: move(incident.lookedMs),
    joinedMs: move(incident.joinedMs),
    findings: incident.findings.map((one) => ({
      ...one,
      sinceMs: move(one.sinceMs),
      untilMs: moveEnd(one.untilMs),
    })),
    impact: moveImpact(incident.impact, moveSpans),
  };
}

function moveImpact(
  { noWrites, leaderless, away, unseen }: ImpactRecord,
  moveSpans: (spans: readonly Span[]) => readonly Span[],
): ImpactRecord {
  return {
    noWrites: moveSpans(noWrites),
    leaderless: moveSpans(leaderless),
    away: Object.fromEntries(Object.entries(away).map(([name, spans]) => [name, moveSpans(spans)])),
    unseen: moveSpans(unseen),
  };
}

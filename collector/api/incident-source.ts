/** What the API asks of the rest of the collector about incidents, changes and stops. Wired in collector.ts. */
import type {
  CanStop,
  Incident,
  IncidentSummary,
  MoversAnswer,
  NoteReport,
} from "../../shared/rest-incident.ts";
import type { NoteKind } from "../../shared/note.ts";

export interface SpanOfTime {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface IncidentSource {
  /** Open at some time of the span, newest first. */
  list(cluster: string, span: SpanOfTime): Promise<readonly IncidentSummary[]>;
  find(cluster: string, id: string): Promise<Incident | undefined>;
  notes(cluster: string, kind: NoteKind, span: SpanOfTime): Promise<readonly NoteReport[]>;
  movers(cluster: string, span: SpanOfTime): Promise<MoversAnswer>;
  /** undefined: no such member; the names of those there are come from the cluster's state. */
  canStop(cluster: string, member: string): CanStop | undefined;
}

/** Incidents, changes and events of a stretch of time, asked for in whole steps so that a moving window asks seldom. */
import type { IncidentSummary, NoteReport } from "../../../shared/rest-incident.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { TimeWindow } from "../time/span.ts";
import { clusterPath } from "./cluster-resources.ts";
import { useResource } from "./resource.ts";

export interface Marks {
  readonly incidents: readonly IncidentSummary[];
  readonly changes: readonly NoteReport[];
  readonly events: readonly NoteReport[];
}

const EVERY_MS = 5_000;
/** More are not marked. */
const LIMIT = 500;
const NONE: readonly never[] = [];

/** The window in steps of a tenth of its length: a little more than is shown. */
export function widen({ fromMs, toMs }: TimeWindow): TimeWindow {
  const step = Math.max(60_000, (toMs - fromMs) / 10);
  return { fromMs: Math.floor(fromMs / step) * step, toMs: Math.ceil(toMs / step) * step };
}

export function useMarks(cluster: string, span: TimeWindow): Marks {
  const { fromMs, toMs } = widen(span);
  const query = `from=${formatTimestamp(fromMs)}&to=${formatTimestamp(toMs)}&limit=${LIMIT}`;
  const path = clusterPath(cluster);
  const incidents = useResource<{ readonly incidents: readonly IncidentSummary[] }>(
    `${path}/incidents?${query}`,
    EVERY_MS,
  );
  const changes = useResource<{ readonly changes: readonly NoteReport[] }>(
    `${path}/changes?${query}`,
    EVERY_MS,
  );
  const events = useResource<{ readonly events: readonly NoteReport[] }>(`${path}/events?${query}`, EVERY_MS);
  return {
    incidents: incidents.data?.incidents ?? NONE,
    changes: changes.data?.changes ?? NONE,
    events: events.data?.events ?? NONE,
  };
}

/** The incidents of every cluster as they go on: hands each evaluation to the pure core and its actions to the history. */
import type { Logger } from "../shared/log-line.ts";
import type { IncidentRecord } from "../shared/incident-record.ts";
import type { ClusterState } from "../shared/rest.ts";
import type { Evaluation } from "./diagnosis/evaluate.ts";
import { findOpen, NO_INCIDENTS, stepIncidents, type IncidentState } from "./incident/incident-core.ts";
import { lookAt } from "./incident/look-at.ts";
import { moveIncident } from "./incident/move-incident.ts";
import { createLiveRecorder } from "./live-recorder.ts";

export interface IncidentWatchOptions {
  readonly save: (incidents: readonly IncidentRecord[]) => Promise<void>;
  readonly log: Logger;
}

export interface IncidentWatch {
  /** What the history knows, before the first evaluation; what it has for later than now was recorded by a clock that was set back since. */
  restore(incidents: readonly IncidentRecord[], nowMs: number): void;
  /** The wall clock was set by so much. */
  moveTimes(byMs: number): void;
  observe(cluster: string, evaluation: Evaluation): void;
  /** As it is now, before it is written. */
  list(cluster: string): readonly IncidentRecord[];
  openIncident(cluster: string): string | null;
  /** The state with the incident that is open. */
  complete(state: ClusterState): ClusterState;
}

const MAX_WAITING = 200;

export function createIncidentWatch(options: IncidentWatchOptions): IncidentWatch {
  const states = new Map<string, IncidentState>();
  const recorder = createLiveRecorder<IncidentRecord>({
    idOf: ({ id }) => id,
    save: (_cluster, incidents) => options.save(incidents),
    what: "Incidents",
    maxWaiting: MAX_WAITING,
    log: options.log,
  });

  function openIncident(cluster: string): string | null {
    return findOpen(states.get(cluster) ?? NO_INCIDENTS)?.id ?? null;
  }

  return {
    restore(incidents, nowMs) {
      for (const recorded of incidents) {
        const incident = moveIncident(recorded, (atMs) => Math.min(atMs, nowMs));
        const known = states.get(incident.cluster)?.incidents ?? [];
        states.set(incident.cluster, { incidents: [...known, incident] });
      }
    },
    moveTimes(byMs) {
      for (const [cluster, { incidents }] of states) {
        const moved = incidents.map((incident) => moveIncident(incident, (atMs) => atMs + byMs));
        states.set(cluster, { incidents: moved });
      }
    },
    observe(cluster, evaluation) {
      const { state, actions } = stepIncidents(states.get(cluster) ?? NO_INCIDENTS, lookAt(evaluation));
      states.set(cluster, state);
      for (const { kind, incident } of actions) {
        if (kind !== "updated" && kind !== "joined") {
          options.log.info(
            { cluster, incident: incident.id, severity: incident.severity, kind },
            "Incident changed.",
          );
        }
      }
      recorder.record(
        cluster,
        actions.map(({ incident }) => incident),
      );
      recorder.flush();
    },
    list: (cluster) => states.get(cluster)?.incidents ?? [],
    openIncident,
    complete: (state) => ({ ...state, openIncident: openIncident(state.cluster) }),
  };
}

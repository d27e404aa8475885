/** What a reader would call news between two looks at a cluster. Pure; the hub sends it. */
import type { IncidentRecord } from "../../../shared/incident-record.ts";
import type { FindingEvent, IncidentEvent } from "../../../shared/rest-stream.ts";
import type { ClusterState, ClusterSummary, Finding } from "../../../shared/rest.ts";
import { summarize } from "../../diagnosis/evaluate.ts";
import { fingerprintFinding } from "../../finding-fingerprint.ts";
import { summarizeIncident } from "../../incident/build-incident.ts";

export interface ClusterLook {
  /** With the incident that is open. */
  readonly state: ClusterState;
  /** Over at this look. */
  readonly resolved: readonly Finding[];
  readonly incidents: readonly IncidentRecord[];
}

/** What has been told of a cluster, by id. */
export interface Told {
  readonly findings: ReadonlyMap<string, string>;
  readonly incidents: ReadonlyMap<string, string>;
  readonly summary: string;
}

export interface Changes {
  readonly told: Told;
  readonly findings: readonly FindingEvent[];
  readonly incidents: readonly IncidentEvent[];
  /** The cluster's line in the list, and whether it is another one. */
  readonly summary: ClusterSummary;
  readonly isSummaryNews: boolean;
}

/** At the first look nothing is news but the cluster itself: what is active then, a client gets as state. */
export function tellChanges(before: Told | undefined, look: ClusterLook): Changes {
  const findings = new Map(look.state.findings.map((one) => [one.id, fingerprintFinding(one)]));
  const summaries = look.incidents.map((one) => summarizeIncident(one, Date.parse(look.state.at)));
  const incidents = new Map(summaries.map((one) => [one.id, JSON.stringify({ ...one, durationMs: 0 })]));
  const summary = { ...summarize(look.state), openIncident: look.state.openIncident };
  const told = { findings, incidents, summary: JSON.stringify(summary) };
  if (before === undefined) {
    return { told, findings: [], incidents: [], summary, isSummaryNews: true };
  }
  const active = look.state.findings.flatMap((finding): readonly FindingEvent[] => {
    const was = before.findings.get(finding.id);
    return was === findings.get(finding.id)
      ? []
      : [{ change: was === undefined ? "raised" : "changed", finding }];
  });
  return {
    told,
    findings: [...active, ...look.resolved.map((finding): FindingEvent => ({ change: "resolved", finding }))],
    incidents: summaries.flatMap((incident): readonly IncidentEvent[] => {
      const was = before.incidents.get(incident.id);
      if (was === incidents.get(incident.id)) {
        return [];
      }
      const change = was === undefined ? "opened" : incident.status === "resolved" ? "resolved" : "changed";
      return [{ change, incident }];
    }),
    summary,
    isSummaryNews: told.summary !== before.summary,
  };
}

/** Everything of a state but what moves at each look: times, indexes, sizes, numbers in the findings' texts. */
export function fingerprintState(state: ClusterState): string {
  return JSON.stringify([
    state.verdict,
    state.headline,
    state.quorum,
    state.leader,
    state.members.map(({ name, memberId, node, role, state: is, why, version, raftTerm, agent }) => [
      name,
      memberId,
      node,
      role,
      is,
      why,
      version,
      raftTerm,
      agent.state,
      agent.version,
    ]),
    state.coverage,
    state.rootCauses,
    state.findings.map((finding) => [finding.id, fingerprintFinding(finding)]),
    state.openIncident,
  ]);
}

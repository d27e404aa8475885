/** The timeline as lanes, one a node and one for the cluster, with each entry's place along its lane. Pure. */
import type { Incident, TimelineEntry } from "../../../../shared/rest-incident.ts";

export interface LaneEntry {
  readonly entry: TimelineEntry;
  /** 0 to 1 along the lane. */
  readonly share: number;
}

export interface Lane {
  /** null: the cluster as a whole. */
  readonly node: string | null;
  readonly entries: readonly LaneEntry[];
  /** Findings about this node, as the stretch that they were active. */
  readonly stretches: readonly LaneStretch[];
}

export interface LaneStretch {
  readonly key: string;
  readonly code: string;
  readonly severity: TimelineEntry["severity"];
  readonly from: number;
  readonly to: number;
}

export interface LaneFrame {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lanes: readonly Lane[];
}

/** More would be drawn over each other; the list below has them all. */
const MAX_STRETCHES = 6;

export function placeLanes(incident: Incident): LaneFrame {
  const openedMs = Date.parse(incident.openedAt);
  const endMs = openedMs + Math.max(1_000, incident.durationMs);
  const times = incident.timeline.map(({ at }) => Date.parse(at));
  const fromMs = Math.min(openedMs, ...times);
  const toMs = Math.max(endMs, ...times);
  const length = Math.max(1, toMs - fromMs);
  function share(atMs: number): number {
    return Math.min(1, Math.max(0, (atMs - fromMs) / length));
  }
  const nodes = [...new Set(incident.timeline.flatMap(({ node }) => node ?? []))].sort();
  return {
    fromMs,
    toMs,
    lanes: [null, ...nodes].map((node) => ({
      node,
      entries: incident.timeline
        .filter((entry) => entry.node === node)
        .map((entry) => ({ entry, share: share(Date.parse(entry.at)) })),
      stretches: incident.findings
        .filter(({ subject }) => (subject.kind === "cluster" ? null : subject.name) === node)
        .slice(0, MAX_STRETCHES)
        .map((finding) => ({
          key: finding.id,
          code: finding.code,
          severity: finding.severity,
          from: share(Date.parse(finding.since)),
          to: share(finding.until === null ? toMs : Date.parse(finding.until)),
        })),
    })),
  };
}

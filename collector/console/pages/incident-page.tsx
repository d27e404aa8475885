/** One incident: what, how bad, why, in which order, and what was different before it. */
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Incident } from "../../../shared/rest-incident.ts";
import { SEVERITY_WORDS } from "../../../shared/state-words.ts";
import { clusterPath } from "../data/cluster-resources.ts";
import { useResource } from "../data/resource.ts";
import { formatDuration } from "../format/format-duration.ts";
import { INCIDENTS } from "../i18n/catalogue/incidents.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Glyph } from "../parts/glyph.tsx";
import { Moment } from "../parts/moment.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { SEVERITY_TONE } from "../parts/tones.ts";
import { changeQuery, linkTo, route } from "../route/place.ts";
import { formatRoute } from "../route/route.ts";
import { FindingTree } from "./cluster/finding-tree.tsx";
import { IncidentImpactCard } from "./incident/incident-impact.tsx";
import { IncidentMovers } from "./incident/incident-movers.tsx";
import { IncidentReportLinks } from "./incident/report-links.tsx";
import { SwimLanes } from "./incident/swim-lanes.tsx";
import { IncidentTrends } from "./incident/incident-trends.tsx";
import { TimelineList } from "./incident/timeline-list.tsx";

const EVERY_MS = 5_000;

export interface IncidentPageProps {
  readonly cluster: string;
  readonly id: string;
}

export function IncidentPage({ cluster, id }: IncidentPageProps): VNode {
  const path = `${clusterPath(cluster)}/incidents/${encodeURIComponent(id)}`;
  const resource = useResource<Incident>(path, EVERY_MS);
  const incident = resource.data;
  useIncidentWindow(incident);
  if (incident === undefined) {
    return <ResourceNotice resource={resource} rows={6} />;
  }
  return (
    <div class="incident-page">
      <IncidentHead cluster={cluster} incident={incident} path={path} />
      <IncidentImpactCard impact={incident.impact} />
      <Card title={say(INCIDENTS.causes)}>
        <FindingTree cluster={cluster} findings={incident.findings} />
      </Card>
      <Card title={say(INCIDENTS.timeline)}>
        <SwimLanes incident={incident} />
        <TimelineList timeline={incident.timeline} />
      </Card>
      <div class="two-columns">
        <Card title={say(INCIDENTS.changesBefore)}>
          {incident.changesBefore.length === 0 ? (
            <p class="muted">{say(INCIDENTS.noChanges)}</p>
          ) : (
            <ul class="plain-list">
              {incident.changesBefore.map((note) => (
                <li key={note.id}>
                  <Moment at={note.at} /> <b>{note.node}</b> {say(note.text)}
                </li>
              ))}
            </ul>
          )}
        </Card>
        <Card title={say(INCIDENTS.movers)}>
          <IncidentMovers movers={incident.trends} />
        </Card>
      </div>
      <IncidentTrends cluster={cluster} incident={incident} />
      {incident.unknown.length === 0 ? null : (
        <Notice tone="unknown" title={say(INCIDENTS.unknown)}>
          <ul>
            {incident.unknown.map((text) => (
              <li key={text.en}>{say(text)}</li>
            ))}
          </ul>
        </Notice>
      )}
    </div>
  );
}

interface IncidentHeadProps {
  readonly cluster: string;
  readonly incident: Incident;
  readonly path: string;
}

function IncidentHead({ cluster, incident, path }: IncidentHeadProps): VNode {
  const { title, severity, kind, status, openedAt, resolvedAt, durationMs } = incident;
  const tone = kind === "maintenance" ? "info" : SEVERITY_TONE[severity];
  return (
    <section class={`verdict tone-${status === "open" ? tone : "info"}`} aria-label={say(INCIDENTS.summary)}>
      <div class="verdict-head">
        <Glyph tone={tone} label={say(SEVERITY_WORDS[severity])} />
        <h1 class="incident-title">{say(title)}</h1>
        <span class={`badge ${status === "open" ? "badge-root" : ""}`} data-testid="incident-status">
          {say(INCIDENTS[status])}
        </span>
        {kind === "maintenance" ? <span class="badge">{say(INCIDENTS.maintenance)}</span> : null}
      </div>
      <p class="incident-times">
        <Moment at={openedAt} withAge />
        {resolvedAt === null ? null : (
          <>
            {" – "}
            <Moment at={resolvedAt} />
          </>
        )}{" "}
        · {say(INCIDENTS.lasted)} {say(formatDuration(durationMs))}
      </p>
      <p>{say(incident.impact.summary)}</p>
      <div class="incident-actions">
        <a class="button" href={formatRoute(["clusters", cluster], { ...windowOf(incident), at: openedAt })}>
          {say(INCIDENTS.show)}
        </a>
        <a class="button" href={linkTo(cluster, "trends")}>
          {say(INCIDENTS.trends)}
        </a>
        <IncidentReportLinks path={path} name={`${cluster}-${incident.id}`} />
      </div>
    </section>
  );
}

/** Before and after, so that the calm is seen beside the storm. */
const MARGIN_SHARE = 0.25;
const MIN_MARGIN_MS = 30_000;

function windowOf({ openedAt, durationMs }: Incident): { readonly from: string; readonly to: string } {
  const fromMs = Date.parse(openedAt);
  const marginMs = Math.max(MIN_MARGIN_MS, durationMs * MARGIN_SHARE);
  return {
    from: String(Math.round(fromMs - marginMs)),
    to: String(Math.round(fromMs + durationMs + marginMs)),
  };
}

/** The time bar shows the incident's own time, unless the link brought another one; one that is open ends now. */
function useIncidentWindow(incident: Incident | undefined): void {
  const id = incident?.id;
  const isOver = incident?.status === "resolved";
  useEffect(() => {
    if (incident !== undefined && isOver && route.value.query["from"] === undefined) {
      changeQuery(windowOf(incident));
    }
  }, [id, isOver]);
}

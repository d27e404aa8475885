/** The incidents of a cluster, newest first. */
import type { VNode } from "preact";
import type { IncidentSummary } from "../../../shared/rest-incident.ts";
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
import { linkTo } from "../route/place.ts";

const EVERY_MS = 5_000;

export function IncidentsPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useResource<{ readonly incidents: readonly IncidentSummary[] }>(
    `${clusterPath(cluster)}/incidents`,
    EVERY_MS,
  );
  const incidents = resource.data?.incidents;
  return (
    <Card title={say(INCIDENTS.title)} isPage>
      {incidents === undefined ? (
        <ResourceNotice resource={resource} />
      ) : incidents.length === 0 ? (
        <Notice tone="ok" title={say(INCIDENTS.none)}>
          <p>{say(INCIDENTS.noneHint)}</p>
        </Notice>
      ) : (
        <table class="table stacks">
          <thead>
            <tr>
              <th scope="col">{say(INCIDENTS.what)}</th>
              <th scope="col">{say(INCIDENTS.state)}</th>
              <th scope="col">{say(INCIDENTS.began)}</th>
              <th scope="col" class="number">
                {say(INCIDENTS.lasted)}
              </th>
            </tr>
          </thead>
          <tbody>
            {incidents.map((incident) => (
              <IncidentRow key={incident.id} cluster={cluster} incident={incident} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

interface IncidentRowProps {
  readonly cluster: string;
  readonly incident: IncidentSummary;
}

function IncidentRow({ cluster, incident }: IncidentRowProps): VNode {
  const { id, title, severity, kind, status, openedAt, durationMs, findingCount, rootCauses, reopened } =
    incident;
  const tone = kind === "maintenance" ? "info" : SEVERITY_TONE[severity];
  return (
    <tr>
      <th scope="row">
        <span class="with-glyph">
          <Glyph tone={tone} label={say(SEVERITY_WORDS[severity])} />
          <a href={linkTo(cluster, "incidents", id)}>{say(title)}</a>
        </span>
        <span class="sub faint">
          {rootCauses.map(({ code }) => code).join(", ")} · {findingCount} {say(INCIDENTS.findings)}
          {reopened === 0 ? null : ` · ${say(INCIDENTS.reopened)} ${reopened} ${say(INCIDENTS.times)}`}
        </span>
      </th>
      <td data-label={say(INCIDENTS.state)}>
        <span class={`badge ${status === "open" ? "badge-root" : ""}`}>{say(INCIDENTS[status])}</span>{" "}
        {kind === "maintenance" ? <span class="badge">{say(INCIDENTS.maintenance)}</span> : null}
      </td>
      <td data-label={say(INCIDENTS.began)}>
        <Moment at={openedAt} withAge />
      </td>
      <td class="number" data-label={say(INCIDENTS.lasted)}>
        {say(formatDuration(durationMs))}
      </td>
    </tr>
  );
}

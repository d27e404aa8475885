/** Every cluster, worst first: quiet where nothing is wrong, also with a thousand of them. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ClusterSummary } from "../../../shared/rest.ts";
import { VERDICT_WORDS } from "../../../shared/state-words.ts";
import { useResource } from "../data/resource.ts";
import { ClusterSparkline } from "../fleet/sparkline.tsx";
import { FLEET } from "../i18n/catalogue/fleet.ts";
import { say } from "../i18n/language.ts";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { StatusLabel } from "../parts/status-label.tsx";
import { VERDICT_TONE } from "../parts/tones.ts";
import { linkTo } from "../route/place.ts";
import { formatRoute } from "../route/route.ts";

const EVERY_MS = 2_000;
/** The API's largest page; what is worst comes first. */
const SHOWN = 1_000;

interface ClusterList {
  readonly clusters: readonly ClusterSummary[];
  readonly nextCursor: string | null;
}

export function FleetPage(): VNode {
  const resource = useResource<ClusterList>(`/clusters?limit=${SHOWN}`, EVERY_MS);
  const [filter, setFilter] = useState("");
  const clusters = resource.data?.clusters;
  if (clusters === undefined) {
    return <ResourceNotice resource={resource} rows={8} />;
  }
  const sought = filter.trim().toLowerCase();
  const found = clusters.filter(({ name }) => name.toLowerCase().includes(sought));
  return (
    <section class="fleet" aria-label={say(FLEET.title)}>
      <header class="fleet-head">
        <h1>{say(FLEET.title)}</h1>
        <FleetCounts clusters={clusters} />
        <input
          type="search"
          class="field"
          placeholder={say(FLEET.filter)}
          aria-label={say(FLEET.filter)}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </header>
      {found.length === 0 ? (
        <Notice tone="unknown" title={say(sought === "" ? FLEET.none : FLEET.noMatch)}>
          {sought === "" ? <p>{say(FLEET.noneHint)}</p> : null}
        </Notice>
      ) : (
        <FleetRows clusters={found} />
      )}
    </section>
  );
}

function FleetCounts({ clusters }: { readonly clusters: readonly ClusterSummary[] }): VNode {
  const troubled = clusters.filter(({ verdict }) => verdict !== "healthy").length;
  return troubled === 0 ? (
    <StatusLabel tone="ok" text={`${clusters.length} · ${say(FLEET.allWell)}`} />
  ) : (
    <StatusLabel tone="warn" text={`${troubled} / ${clusters.length} ${say(FLEET.trouble)}`} />
  );
}

const HEADS = [
  FLEET.cluster,
  FLEET.verdict,
  FLEET.headline,
  FLEET.busy,
  FLEET.tolerance,
  FLEET.leader,
  FLEET.incident,
];

function FleetRows({ clusters }: { readonly clusters: readonly ClusterSummary[] }): VNode {
  return (
    <div class="fleet-rows" role="table" aria-label={say(FLEET.title)} aria-rowcount={clusters.length}>
      <div class="fleet-row fleet-row-head" role="row">
        {HEADS.map((head) => (
          <span role="columnheader" key={head.en} class={head === FLEET.tolerance ? "number" : ""}>
            {say(head)}
          </span>
        ))}
      </div>
      {clusters.map((cluster) => (
        <FleetRow key={cluster.name} cluster={cluster} />
      ))}
    </div>
  );
}

function FleetRow({ cluster }: { readonly cluster: ClusterSummary }): VNode {
  const { name, verdict, headline, tolerance, leader, openIncident } = cluster;
  return (
    <div class={`fleet-row tone-${VERDICT_TONE[verdict]} is-${verdict}`} role="row">
      <span role="cell" class="fleet-name">
        <a href={formatRoute(["clusters", name])}>{name}</a>
      </span>
      <span role="cell">
        <StatusLabel tone={VERDICT_TONE[verdict]} text={say(VERDICT_WORDS[verdict])} />
      </span>
      <span role="cell" class="fleet-headline">
        {say(headline)}
      </span>
      <span role="cell">
        <ClusterSparkline cluster={name} />
      </span>
      <span role="cell" class="number">
        {tolerance}
      </span>
      <span role="cell">{leader ?? "–"}</span>
      <span role="cell">
        {openIncident === null ? null : (
          <a href={linkTo(name, "incidents", openIncident)}>{say(FLEET.openIncident)}</a>
        )}
      </span>
    </div>
  );
}

/** One cluster, at the moment shown: the verdict first, then the quorum, the members and what was found. */
import type { VNode } from "preact";
import { useClusterState, useLinks } from "../data/cluster-resources.ts";
import { CLUSTER } from "../i18n/catalogue/cluster.ts";
import { say } from "../i18n/language.ts";
import { Card } from "../parts/card.tsx";
import { Notice, ResourceNotice } from "../parts/notice.tsx";
import { FindingTree } from "./cluster/finding-tree.tsx";
import { MemberTable } from "./cluster/member-table.tsx";
import { QuorumCard } from "./cluster/quorum-card.tsx";
import { VerdictPanel } from "./cluster/verdict-panel.tsx";

export function ClusterPage({ cluster }: { readonly cluster: string }): VNode {
  const resource = useClusterState(cluster);
  const links = useLinks(cluster);
  const state = resource.data;
  if (state === undefined || (resource.problem !== undefined && resource.problem.status < 500)) {
    return <ResourceNotice resource={resource} rows={6} />;
  }
  const { blindSpots } = state.coverage;
  return (
    <div class="cluster-page">
      <VerdictPanel state={state} />
      <div class="cluster-grid">
        <QuorumCard state={state} links={links.data?.links ?? []} />
        <Card title={say(CLUSTER.members)} class="members-card">
          <MemberTable state={state} />
        </Card>
      </div>
      {blindSpots.length === 0 ? null : (
        <Notice tone="unknown" title={say(CLUSTER.coverage)}>
          <p>{say(CLUSTER.coverageHint)}</p>
          <ul>
            {blindSpots.map((spot) => (
              <li key={spot.en}>{say(spot)}</li>
            ))}
          </ul>
        </Notice>
      )}
      <Card title={say(CLUSTER.findings)}>
        <FindingTree cluster={cluster} findings={state.findings} />
      </Card>
    </div>
  );
}

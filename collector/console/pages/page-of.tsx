/** Which page an address names; the charts' code comes when it is needed. */
import type { VNode } from "preact";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { say } from "../i18n/language.ts";
import { LazyPage } from "../parts/lazy-page.tsx";
import { Notice } from "../parts/notice.tsx";
import { BackupsPage } from "./backups-page.tsx";
import { CertificatesPage } from "./certificates-page.tsx";
import { ChecksPage } from "./checks-page.tsx";
import { ClusterPage } from "./cluster-page.tsx";
import { ConfigPage } from "./config-page.tsx";
import { ConnectivityPage } from "./connectivity-page.tsx";
import { FleetPage } from "./fleet-page.tsx";
import { IncidentPage } from "./incident-page.tsx";
import { IncidentsPage } from "./incidents-page.tsx";
import { RunbookPage } from "./runbook-page.tsx";
import { RunbooksPage } from "./runbooks-page.tsx";

export function PageOf({ path }: { readonly path: readonly string[] }): VNode {
  const [first, cluster, view = "overview", detail] = path;
  if (first === undefined) {
    return <FleetPage />;
  }
  if (first !== "clusters" || cluster === undefined || path.length > 4) {
    return <NoSuchPage />;
  }
  // Keyed by the cluster: nothing of another one may stay on the page.
  const props = { key: cluster, cluster };
  switch (view) {
    case "overview":
      return <ClusterPage {...props} />;
    case "trends":
      return (
        <LazyPage
          key={cluster}
          load={async () => (await import("./trends-page.tsx")).TrendsPage}
          name="trends"
          props={{ cluster }}
        />
      );
    case "incidents":
      return detail === undefined ? (
        <IncidentsPage {...props} />
      ) : (
        <IncidentPage cluster={cluster} id={detail} key={detail} />
      );
    case "checks":
      return <ChecksPage {...props} />;
    case "connectivity":
      return <ConnectivityPage {...props} />;
    case "certificates":
      return <CertificatesPage {...props} />;
    case "config":
      return <ConfigPage {...props} />;
    case "backups":
      return <BackupsPage {...props} />;
    case "runbooks":
      return detail === undefined ? (
        <RunbooksPage {...props} />
      ) : (
        <RunbookPage cluster={cluster} code={detail} key={detail} />
      );
    default:
      return <NoSuchPage />;
  }
}

function NoSuchPage(): VNode {
  return (
    <Notice tone="unknown" title={say(FRAME.noSuchPage)}>
      <p>{say(FRAME.noSuchPageHint)}</p>
      <a class="button" href="#/">
        {say(FRAME.toClusters)}
      </a>
    </Notice>
  );
}

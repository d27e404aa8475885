/** Trends around the incident; the charts come with the rest of the trends when they are first needed. */
import type { VNode } from "preact";
import type { Incident } from "../../../../shared/rest-incident.ts";
import { INCIDENTS } from "../../i18n/catalogue/incidents.ts";
import { say } from "../../i18n/language.ts";
import { LazyPage } from "../../parts/lazy-page.tsx";

export interface IncidentTrendsProps {
  readonly cluster: string;
  readonly incident: Incident;
}

export function IncidentTrends({ cluster }: IncidentTrendsProps): VNode {
  return (
    <section aria-label={say(INCIDENTS.trends)}>
      <LazyPage
        load={async () => (await import("../trends-page.tsx")).TrendsPage}
        name="trends"
        props={{ cluster, isPart: true }}
      />
    </section>
  );
}

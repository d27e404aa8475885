/** The views of one cluster. */
import type { VNode } from "preact";
import { FRAME } from "../i18n/catalogue/frame.ts";
import { VIEWS } from "../i18n/catalogue/states.ts";
import { say } from "../i18n/language.ts";
import { linkTo, route } from "../route/place.ts";
import { CLUSTER_VIEWS } from "../route/route.ts";

export function ViewTabs({ cluster }: { readonly cluster: string }): VNode {
  const current = route.value.path[2] ?? "overview";
  return (
    <nav class="view-tabs" aria-label={say(FRAME.views)}>
      {CLUSTER_VIEWS.map((view) => (
        <a
          key={view}
          href={linkTo(cluster, view)}
          {...(view === current ? { "aria-current": "page" as const } : {})}
        >
          {say(VIEWS[view])}
        </a>
      ))}
    </nav>
  );
}

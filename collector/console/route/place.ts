/** The route in force, bound to the browser's address, and the moment that the whole page shows. */
import { computed, signal } from "@preact/signals";
import { formatTimestamp, parseTimestampMs } from "../../../shared/parse-timestamp.ts";
import { formatRoute, parseRoute, type ClusterView } from "./route.ts";

export const route = signal(parseRoute(location.hash));

addEventListener("hashchange", () => {
  route.value = parseRoute(location.hash);
});

/** The cluster of the page; undefined on the page of all clusters. */
export const currentCluster = computed(() =>
  route.value.path[0] === "clusters" ? route.value.path[1] : undefined,
);

/** The moment that the page shows; undefined: now. */
export const momentMs = computed(() => {
  const { at } = route.value.query;
  return at === undefined ? undefined : parseTimestampMs(at);
});

/** Shows another moment without a new entry in the browser's history: scrubbing makes hundreds. */
export function setMoment(atMs: number | undefined): void {
  changeQuery({ at: atMs === undefined ? undefined : formatTimestamp(Math.round(atMs)) });
}

/** Changes some of the page's choices in place. */
export function changeQuery(change: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = route.value;
  history.replaceState(null, "", formatRoute(path, { ...query, ...change }));
  route.value = parseRoute(location.hash);
}

/** Below a cluster's address; the moment goes along. */
export function linkTo(cluster: string, view: ClusterView, ...rest: readonly string[]): string {
  const { at } = route.value.query;
  const tail = view === "overview" ? [] : [view, ...rest];
  return formatRoute(["clusters", cluster, ...tail], at === undefined ? {} : { at });
}

export function goTo(link: string): void {
  location.hash = link;
}

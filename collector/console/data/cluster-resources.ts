/** What the pages ask of one cluster, at the moment that the page shows. */
import type { CertificateReport, ClusterState, Diagnosis, LinkReport } from "../../../shared/rest.ts";
import type { CanStop } from "../../../shared/rest-incident.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import { momentMs } from "../route/place.ts";
import { isStreaming } from "./live-stream.ts";
import { useResource, type Resource } from "./resource.ts";

/** While the event stream tells of changes, polling only makes sure that none was missed. */
const STREAMED_MS = 10_000;
const STATE_EVERY_MS = 1_000;
const SLOW_EVERY_MS = 3_000;
const CALM_EVERY_MS = 15_000;

export function clusterPath(cluster: string): string {
  return `/clusters/${encodeURIComponent(cluster)}`;
}

/** The path, at the moment shown. */
export function atMoment(path: string): string {
  const atMs = momentMs.value;
  return atMs === undefined ? path : `${path}?at=${formatTimestamp(atMs)}`;
}

/** The past does not change. */
function unlessPast(everyMs: number): number | undefined {
  return momentMs.value === undefined ? everyMs : undefined;
}

function streamedOr(everyMs: number): number | undefined {
  return unlessPast(isStreaming.value ? Math.max(STREAMED_MS, everyMs) : everyMs);
}

export function useClusterState(cluster: string): Resource<ClusterState> {
  return useResource(atMoment(clusterPath(cluster)), streamedOr(STATE_EVERY_MS));
}

export function useLinks(cluster: string): Resource<{ readonly links: readonly LinkReport[] }> {
  return useResource(atMoment(`${clusterPath(cluster)}/connectivity`), unlessPast(SLOW_EVERY_MS));
}

export function useDiagnosis(cluster: string): Resource<Diagnosis> {
  return useResource(atMoment(`${clusterPath(cluster)}/diagnosis`), streamedOr(SLOW_EVERY_MS));
}

export function useCertificates(
  cluster: string,
): Resource<{ readonly certificates: readonly CertificateReport[] }> {
  return useResource(atMoment(`${clusterPath(cluster)}/certificates`), unlessPast(CALM_EVERY_MS));
}

/** Of the present only: the past cannot be stopped. */
export function useCanStop(cluster: string, member: string): Resource<CanStop> {
  const path = `${clusterPath(cluster)}/can-i/stop/${encodeURIComponent(member)}`;
  return useResource(momentMs.value === undefined ? path : undefined, SLOW_EVERY_MS);
}

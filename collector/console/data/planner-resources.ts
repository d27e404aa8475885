/** What a planner looks at: etcd's flags and its backups. */
import type { BackupDirectoryReport, FlagReport } from "../../../shared/rest.ts";
import { momentMs } from "../route/place.ts";
import { atMoment, clusterPath } from "./cluster-resources.ts";
import { useResource, type Resource } from "./resource.ts";

const EVERY_MS = 15_000;

export function useFlags(cluster: string): Resource<{ readonly flags: readonly FlagReport[] }> {
  return useResource(
    atMoment(`${clusterPath(cluster)}/config`),
    momentMs.value === undefined ? EVERY_MS : undefined,
  );
}

export function useBackups(
  cluster: string,
): Resource<{ readonly directories: readonly BackupDirectoryReport[] }> {
  return useResource(
    atMoment(`${clusterPath(cluster)}/backups`),
    momentMs.value === undefined ? EVERY_MS : undefined,
  );
}

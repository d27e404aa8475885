/** From etcd's view of the file system to the host's: the one rule for every path that a flag names. */
import type { DiscoveredEtcd } from "./discovered-etcd.ts";

/** A path of a flag, as the agent opens it. Prefers the host's own path, which is there also when the container is gone. */
export function pathOnHost(discovered: DiscoveredEtcd, path: string): string {
  return discovered.hostPaths?.[path] ?? `${discovered.rootPrefix}${path}`;
}

/** False for what only the container had, once it is gone: nothing can be said of such a file. */
export function isReachable(discovered: DiscoveredEtcd, path: string): boolean {
  return (
    discovered.pid !== undefined || discovered.rootPrefix === "" || discovered.hostPaths?.[path] !== undefined
  );
}

/** Finds the host's own path of a directory that a container mounts, from the two mount tables. Pure. */
import type { Mount } from "../host/parse-mountinfo.ts";

/** Paths by etcd's view → by the host's; those that are no mount of the host are left out. */
export function mapHostPaths(
  paths: readonly string[],
  inside: readonly Mount[],
  outside: readonly Mount[],
): Readonly<Record<string, string>> {
  const mapped: Record<string, string> = {};
  for (const path of paths) {
    const host = mapHostPath(path, inside, outside);
    if (host !== undefined) {
      mapped[path] = host;
    }
  }
  return mapped;
}

function mapHostPath(path: string, inside: readonly Mount[], outside: readonly Mount[]): string | undefined {
  const mount = findMountOf(path, inside);
  if (mount === undefined) {
    return undefined;
  }
  // The place within the file system, whatever it is mounted on.
  const place = join(mount.root, path.slice(mount.mountPoint === "/" ? 0 : mount.mountPoint.length));
  let best: Mount | undefined;
  for (const candidate of outside) {
    if (candidate.device === mount.device && isWithin(place, candidate.root)) {
      best = best === undefined || candidate.root.length >= best.root.length ? candidate : best;
    }
  }
  return best && join(best.mountPoint, place.slice(best.root === "/" ? 0 : best.root.length));
}

/** The mount that a path is on: the deepest mount point above it; of several on one point, the last one mounted. */
export function findMountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    if (isWithin(path, mount.mountPoint) && mount.mountPoint.length >= (best?.mountPoint.length ?? 0)) {
      best = mount;
    }
  }
  return best;
}

function isWithin(path: string, directory: string): boolean {
  return directory === "/" || path === directory || path.startsWith(`${directory}/`);
}

function join(directory: string, rest: string): string {
  const joined = `${directory === "/" ? "" : directory}${rest}`;
  return joined === "" ? "/" : joined;
}

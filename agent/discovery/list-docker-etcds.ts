/** The containers of this node's Docker that run an etcd server, from what Docker keeps on disk: it need not run. */
import { posix } from "node:path";
import type { HostDoor } from "../host/host-door.ts";
import { orNothing } from "../host/or-nothing.ts";
import { dockerRecord, findDockerRoot } from "./docker-places.ts";
import type { DockerEtcd, DockerMount } from "./parse-docker-container.ts";
import { parseDockerContainer } from "./parse-docker-container.ts";

export interface FoundDockerEtcd extends DockerEtcd {
  readonly id: string;
  /** Docker's record of it. */
  readonly path: string;
}

export interface DockerPlace {
  readonly host: Pick<HostDoor, "listFileNames" | "readFileFacts">;
  readonly signal: AbortSignal;
  /** undefined: not there, not ours to read, or too large. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/** Of more containers than these, some are not looked at. */
const MAX_CONTAINERS = 500;
/** So many records are read: those that were written last. */
const MAX_RECORDS = 50;

/** The one that changed last first; empty also where there is no Docker. Rejects when that could not be looked at in time. */
export async function listDockerEtcds(place: DockerPlace): Promise<readonly FoundDockerEtcd[]> {
  const root = await findDockerRoot(place.read);
  const found: FoundDockerEtcd[] = [];
  for (const id of await listNewest(root, place)) {
    const path = dockerRecord(root, id);
    const text = await place.read(path);
    const etcd = text === undefined ? undefined : parseDockerContainer(text);
    if (etcd !== undefined) {
      found.push({ ...etcd, id, path, mounts: await withoutMountedVolumes(etcd.mounts, root, place) });
    }
  }
  return found.toSorted((one, other) => other.changedAtMs - one.changedAtMs);
}

async function listNewest(root: string, { host, signal }: DockerPlace): Promise<readonly string[]> {
  const names = await orNothing(host.listFileNames(posix.join(root, "containers"), signal));
  const dated: { readonly id: string; readonly atMs: number }[] = [];
  for (const id of (names ?? []).filter((name) => /^[0-9a-f]{64}$/.test(name)).slice(0, MAX_CONTAINERS)) {
    const facts = await orNothing(host.readFileFacts(dockerRecord(root, id), signal));
    if (facts !== undefined) {
      dated.push({ id, atMs: facts.modifiedAtMs });
    }
  }
  return dated
    .toSorted((one, other) => other.atMs - one.atMs)
    .slice(0, MAX_RECORDS)
    .map(({ id }) => id);
}

/** A volume with options is mounted at its place while a container uses it: what lies there otherwise is not what etcd will see. */
async function withoutMountedVolumes(
  mounts: readonly DockerMount[],
  root: string,
  { read }: DockerPlace,
): Promise<readonly DockerMount[]> {
  const seen: DockerMount[] = [];
  for (const mount of mounts) {
    const options =
      mount.volume === undefined
        ? undefined
        : await read(posix.join(root, "volumes", mount.volume, "opts.json"));
    const isMounted = options !== undefined && !/"MountDevice":\s*""/.test(options);
    seen.push(isMounted ? { ...mount, outside: undefined } : mount);
  }
  return seen;
}

/** The containers of this node's Docker and Podman that run an etcd server, from what these keep on disk: they need not run. */
import { posix } from "node:path";
import type { HostDoor } from "../host/host-door.ts";
import { orNothing } from "../host/or-nothing.ts";
import { dockerFolder, dockerRecord, findDockerRoot } from "./docker-places.ts";
import type { FoundContainerEtcd } from "./container-etcd.ts";
import type { DockerMount } from "./parse-docker-container.ts";
import { parseDockerContainer } from "./parse-docker-container.ts";
import { parsePodmanContainer } from "./parse-podman-container.ts";
import { listPodmanFolders, podmanPlace } from "./podman-places.ts";

export interface ContainerPlace {
  readonly host: Pick<HostDoor, "listFileNames" | "readFileFacts">;
  readonly signal: AbortSignal;
  /** undefined: not there, not ours to read, or too large. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/** Of more containers than these in one folder, some are not looked at. */
const MAX_CONTAINERS = 500;
/** So many records of a folder are read: those that were written last. */
const MAX_RECORDS = 50;

/** The one that changed last first; empty also where there is no engine. Rejects when that could not be looked at in time. */
export async function listContainerEtcds(place: ContainerPlace): Promise<readonly FoundContainerEtcd[]> {
  const found = [...(await listOfDocker(place)), ...(await listOfPodman(place))];
  return found.toSorted((one, other) => other.changedAtMs - one.changedAtMs);
}

async function listOfDocker(place: ContainerPlace): Promise<readonly FoundContainerEtcd[]> {
  const root = await findDockerRoot(place.read);
  const found: FoundContainerEtcd[] = [];
  for (const { id, path } of await listNewest(dockerFolder(root), place, (id) => dockerRecord(root, id))) {
    const text = await place.read(path);
    const etcd = text === undefined ? undefined : parseDockerContainer(text);
    if (etcd !== undefined) {
      const mounts = await withoutMountedVolumes(etcd.mounts, root, place);
      found.push({ ...etcd, engine: "docker", id, path, mounts });
    }
  }
  return found;
}

async function listOfPodman(place: ContainerPlace): Promise<readonly FoundContainerEtcd[]> {
  const { host, signal, read } = place;
  const found: FoundContainerEtcd[] = [];
  for (const folder of listPodmanFolders()) {
    const record = (id: string): string => podmanPlace(folder, id).record;
    for (const { id, path, changedAtMs } of await listNewest(folder, place, record)) {
      const text = await read(path);
      const etcd = text === undefined ? undefined : parsePodmanContainer(text);
      if (etcd !== undefined) {
        const { log } = podmanPlace(folder, id);
        const isThere = (await orNothing(host.readFileFacts(log, signal))) !== undefined;
        const logPath = isThere ? log : undefined;
        found.push({ ...etcd, engine: "podman", id, path, logPath, changedAtMs });
      }
    }
  }
  return found;
}

interface ContainerRecord {
  readonly id: string;
  readonly path: string;
  readonly changedAtMs: number;
}

async function listNewest(
  folder: string,
  { host, signal }: ContainerPlace,
  recordOf: (id: string) => string,
): Promise<readonly ContainerRecord[]> {
  const names = (await orNothing(host.listFileNames(folder, signal))) ?? [];
  const dated: ContainerRecord[] = [];
  for (const id of names.filter((name) => /^[0-9a-f]{64}$/.test(name)).slice(0, MAX_CONTAINERS)) {
    const path = recordOf(id);
    const facts = await orNothing(host.readFileFacts(path, signal));
    if (facts !== undefined) {
      dated.push({ id, path, changedAtMs: facts.modifiedAtMs });
    }
  }
  return dated.toSorted((one, other) => other.changedAtMs - one.changedAtMs).slice(0, MAX_RECORDS);
}

/** A volume with options is mounted at its place while a container uses it: what lies there otherwise is not what etcd will see. */
async function withoutMountedVolumes(
  mounts: readonly DockerMount[],
  root: string,
  { read }: ContainerPlace,
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

/**
 * Which disk each directory is on whose writers can be in etcd's way: container images, logs, kubelet's files, our own spool.
 * They change with a remount at most, so this looks every ten minutes.
 */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  FactSchema,
  Layer,
  StoragePlaceSchema,
  StoragePlacesFactSchema,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { StoragePlace } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories, findDirectoryMount } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

const REST_MS = 600_000;

/** As container runtimes, kubelet and journald have them by default; of one role the first that is there. */
const PLACES: readonly { readonly role: string; readonly paths: readonly string[] }[] = [
  {
    role: "images",
    paths: [
      "/var/lib/containerd",
      "/var/lib/docker",
      "/var/lib/containers/storage",
      "/var/lib/rancher/k3s/agent/containerd",
      "/var/lib/rancher/rke2/agent/containerd",
    ],
  },
  { role: "kubelet", paths: ["/var/lib/kubelet"] },
  { role: "logs", paths: ["/var/log"] },
];

interface Place {
  readonly role: string;
  readonly path: string;
  readonly hostPath: string;
}

export function createStoragePlacesProbe({ config }: ProbeSetup): Probe {
  async function run(context: ProbeContext): Promise<Observation> {
    const places: StoragePlace[] = [];
    for (const place of etcdDirectories(assertDiscovered(context))) {
      places.push(...(await look(place, context)));
    }
    for (const { role, paths } of [...PLACES, { role: "spool", paths: [config.spool.dir] }]) {
      for (const path of paths) {
        const [found] = await look({ role, path, hostPath: path }, context);
        if (found !== undefined) {
          places.push(found);
          break;
        }
      }
    }
    const value = create(StoragePlacesFactSchema, { places });
    return {
      facts: [create(FactSchema, { key: "storage_places", body: { case: "storagePlaces", value } })],
      restMs: REST_MS,
    };
  }

  return { name: "storage_places", cadence: "slow", timeLimitMs: 5000, run };
}

/** None when there is no such directory. */
async function look(place: Place, { host, signal }: ProbeContext): Promise<readonly StoragePlace[]> {
  const { role, path, hostPath } = place;
  let device: string;
  try {
    ({ device } = await host.readDirectoryFacts(hostPath, signal));
  } catch (caught) {
    if (EtcdscopeError.from(caught).reason === "not_found") {
      return [];
    }
    throw caught;
  }
  const found = findDirectoryMount(host, { role: "data", path, hostPath }, device);
  const disk = found === undefined || found.deviceName === "" ? undefined : host.findDisk(found.deviceName);
  const solidState =
    disk?.isSolidState === undefined ? Layer.UNSPECIFIED : disk.isSolidState ? Layer.OK : Layer.FAILED;
  return [
    create(StoragePlaceSchema, {
      role,
      path,
      mountPoint: found?.mount.mountPoint ?? "",
      disk: disk?.name ?? "",
      solidState,
    }),
  ];
}

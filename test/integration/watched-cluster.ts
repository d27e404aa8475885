/** A real etcd cluster, each member in a network namespace of its own, watched by the product as it is deployed. */
import { join } from "node:path";
import type { Unavailable } from "../lab/availability.ts";
import { createDisk, type Disk } from "../lab/disk.ts";
import { ensureEtcd, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import type { Flags } from "../lab/etcd-member.ts";
import { createNetwork, type Network } from "../lab/network.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { MANY_STORIES } from "../lab/stack-config.ts";
import { createStack, describeState, type Stack, type StackOptions } from "../lab/stack.ts";

export interface WatchedCluster {
  readonly kind: "available";
  readonly etcd: EtcdCluster;
  readonly network: Network;
  readonly stack: Stack;
  readonly dir: string;
  /** By member, when each was asked to have one of its own. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Waits until the verdict is healthy and nothing is found; returns the seconds it took. */
  waitQuiet(timeoutMs?: number): Promise<number>;
  stop(): Promise<void>;
}

export interface WatchedClusterOptions {
  readonly version: EtcdVersion;
  readonly members?: readonly string[];
  /** Gives each member a small filesystem of its own of this size. */
  readonly diskBytes?: number;
  /** Flags for every member, over the usual ones. */
  readonly flags?: Flags;
  readonly stack?: Pick<StackOptions, "agentConfig" | "collectorConfig" | "backups">;
}

/** Longer than PACKET_LOSS stays open (60 s), which a machine that stands still sets off: it must not fail the next story. */
const QUIET_WITHIN_MS = 100_000;

async function createDisks(
  dir: string,
  names: readonly string[],
  sizeBytes: number | undefined,
): Promise<Map<string, Disk> | Unavailable> {
  const disks = new Map<string, Disk>();
  for (const name of sizeBytes === undefined ? [] : names) {
    const disk = await createDisk({ dir, name, sizeBytes: sizeBytes ?? 0 });
    if (disk.kind === "unavailable") {
      return disk;
    }
    disks.set(name, disk);
  }
  return disks;
}

function dataDirOn(disk: Disk | undefined): { readonly dataDir?: string } {
  return disk === undefined ? {} : { dataDir: join(disk.mountPoint, "data") };
}

/** Starts everything and waits until the product calls the cluster healthy. */
export async function startWatchedCluster(
  options: WatchedClusterOptions,
): Promise<WatchedCluster | Unavailable> {
  const binaries = await ensureEtcd(options.version);
  if (binaries.kind === "unavailable") {
    return binaries;
  }
  const names = options.members ?? ["m1", "m2", "m3"];
  const network = await createNetwork({ members: names });
  if (network.kind === "unavailable") {
    return network;
  }
  const dir = await createRunFolder();
  const disks = await createDisks(join(dir, "disk"), names, options.diskBytes);
  if (!(disks instanceof Map)) {
    await network.destroy();
    await removeFolderWithMounts(dir);
    return disks;
  }
  const etcd = await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: names.map((name) => ({
      name,
      namespace: network.node(name).namespace,
      ip: network.node(name).ip,
      ...dataDirOn(disks.get(name)),
    })),
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    clientNamespace: network.node("collector").namespace,
  });
  const stack = await createStack({
    dir: join(dir, "stack"),
    etcd,
    network,
    ...options.stack,
    collectorConfig: { ...MANY_STORIES, ...options.stack?.collectorConfig },
  });
  const watched: WatchedCluster = {
    kind: "available",
    etcd,
    network,
    stack,
    dir,
    disks,
    waitQuiet: async (timeoutMs = QUIET_WITHIN_MS) => {
      const { seconds } = await stack.waitFor(
        "the verdict is healthy and nothing is found",
        (state) =>
          state.verdict === "healthy" && state.findings.every((finding) => finding.status !== "active"),
        { timeoutMs },
      );
      return seconds;
    },
    stop: async () => {
      await stack.stopAll();
      await etcd.stopAll();
      await network.destroy();
      await removeFolderWithMounts(dir);
    },
  };
  try {
    await etcd.start();
    await etcd.waitHealthy();
    await stack.start();
    await watched.waitQuiet();
  } catch (error) {
    const last = await stack.state().then(describeState, () => "no state");
    await watched.stop();
    throw new Error(`The watched cluster did not become healthy (${last})`, { cause: error });
  }
  return watched;
}

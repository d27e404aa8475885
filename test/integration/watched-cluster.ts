/** A real etcd cluster, each member in a network namespace of its own, watched by the product as it is deployed. */
import { join } from "node:path";
import type { Unavailable } from "../lab/availability.ts";
import { ensureEtcd, type EtcdVersion } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { createNetwork, type Network } from "../lab/network.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack, describeState, type Stack, type StackOptions } from "../lab/stack.ts";

export interface WatchedCluster {
  readonly kind: "available";
  readonly etcd: EtcdCluster;
  readonly network: Network;
  readonly stack: Stack;
  readonly dir: string;
  /** Waits until the verdict is healthy and nothing is found; returns the seconds it took. */
  waitQuiet(timeoutMs?: number): Promise<number>;
  stop(): Promise<void>;
}

export interface WatchedClusterOptions {
  readonly version: EtcdVersion;
  readonly members?: readonly string[];
  readonly stack?: Pick<StackOptions, "agentConfig" | "collectorConfig">;
}

const QUIET_WITHIN_MS = 60_000;

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
  const etcd = await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: names.map((name) => ({
      name,
      namespace: network.node(name).namespace,
      ip: network.node(name).ip,
    })),
    clientNamespace: network.node("collector").namespace,
  });
  const stack = await createStack({ dir: join(dir, "stack"), etcd, network, ...options.stack });
  const watched: WatchedCluster = {
    kind: "available",
    etcd,
    network,
    stack,
    dir,
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

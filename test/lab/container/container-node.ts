/** A node with a real containerd, so that everything is where a kubelet and kubeadm have it. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable, type Unavailable } from "../availability.ts";
import { startLabProcess } from "../lab-process.ts";
import { runCommand } from "../run-command.ts";
import { toShortSocketPath } from "../socket-path.ts";
import { waitFor } from "../wait-for.ts";
import type { ContainerBinaries } from "./container-binaries.ts";
import { listLibraries, writeImage } from "./container-image.ts";
import { createCriClient, type CriClient } from "./cri-client.ts";
import { describeError, STARTS_WITHIN_MS, startOwnNode, tailOf, type OwnNode } from "./own-node.ts";

export interface ContainerNode extends OwnNode {
  readonly cri: CriClient;
  /** "containerd 1.7.24" */
  readonly runtime: string;
  /** Starts containerd anew, after a crash. */
  restart(): Promise<void>;
}

export interface ContainerNodeOptions {
  /** Must not be below what the node has of its own. */
  readonly dir: string;
  readonly binaries: ContainerBinaries;
  readonly etcd: string;
}

export const ETCD_IMAGE = "registry.k8s.io/etcd:lab";
const PAUSE_IMAGE = "registry.k8s.io/pause:lab";
const CONFIG = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  # Where this machine does not let root lower it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    # The file system below may be one on which overlayfs cannot be mounted.
    snapshotter = "native"
`;

export async function startContainerNode(
  options: ContainerNodeOptions,
): Promise<ContainerNode | Unavailable> {
  const { dir, binaries } = options;
  const node = await startOwnNode(dir, [
    "/etc/kubernetes/manifests",
    "/var/log/pods",
    "/var/log/containers",
    "/run/containerd",
  ]);
  if (node.kind === "unavailable") {
    return node;
  }
  const { at, wrap } = node;
  let cri: CriClient | undefined;
  const stop = async (): Promise<void> => {
    cri?.close();
    await node.stop();
  };
  try {
    const restart = async (): Promise<void> => await startContainerd(dir, binaries, wrap);
    await restart();
    cri = createCriClient(toShortSocketPath(at("/run/containerd/containerd.sock")));
    const client = cri;
    let runtime = "";
    await waitFor(
      "containerd answers",
      async () => {
        const { runtime_name: name, runtime_version: version } = await client.call("Version", {});
        runtime = `${name ?? ""} ${version ?? ""}`;
        return true;
      },
      { timeoutMs: STARTS_WITHIN_MS },
    );
    await importImages(options, wrap);
    return { ...node, cri, runtime, restart, stop };
  } catch (error) {
    await stop();
    return unavailable(
      `containerd does not run here: ${describeError(error)}; ${tailOf(join(dir, "containerd.log"))}`,
    );
  }
}

async function startContainerd(
  dir: string,
  { containerd, folders }: ContainerBinaries,
  wrap: ContainerNode["wrap"],
): Promise<void> {
  const config = join(dir, "containerd.toml");
  writeFileSync(config, CONFIG);
  const path = [...folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(":");
  await startLabProcess({
    command: wrap([containerd, "--config", config]),
    logPath: join(dir, "containerd.log"),
    env: { PATH: path },
  });
}

async function importImages(
  { dir, binaries, etcd }: ContainerNodeOptions,
  wrap: ContainerNode["wrap"],
): Promise<void> {
  const shell = { "bin/busybox": binaries.busybox, "bin/sh": binaries.busybox };
  const images = [
    {
      name: ETCD_IMAGE,
      files: { "usr/local/bin/etcd": etcd, ...shell, ...(await listLibraries(etcd)) },
      command: ["etcd"],
    },
    { name: PAUSE_IMAGE, files: { "bin/sleep": binaries.busybox }, command: ["/bin/sleep", "infinity"] },
  ];
  for (const image of images) {
    const path = join(dir, "image.tar");
    writeImage(path, image);
    const words = [binaries.ctr, "-n", "k8s.io", "images", "import", "--no-unpack", path];
    const imported = await runCommand(wrap(words));
    rmSync(path);
    if (!imported.ok) {
      throw new Error(`${image.name} cannot be imported: ${imported.stderr.trim()}`);
    }
  }
}

/** A node with a real Podman, at the places where root's Podman has everything, and an image of etcd in it. */
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unavailable, type Unavailable } from "../availability.ts";
import { ensureDebianTool } from "../debian-tool.ts";
import { mustRun } from "../run-command.ts";
import { listLibraries, writeImage } from "./container-image.ts";
import { ETCD_IMAGE } from "./container-node.ts";
import { describeError, startOwnNode, type OwnNode } from "./own-node.ts";

export interface PodmanBinaries {
  readonly kind: "available";
  readonly podman: string;
  readonly conmon: string;
  readonly runc: string;
  /** What they are linked to beyond what every Debian has. */
  readonly libraries: string;
}

export interface PodmanNode extends OwnNode {
  /** "podman 4.3.1" */
  readonly runtime: string;
  /** What `podman` with these words prints; throws what it says where it fails. */
  podman(...words: readonly string[]): Promise<string>;
  /** `podman run -d` of an etcd in the node's network, `options` of Podman in front; its id. */
  run(options: readonly string[], command: readonly string[]): Promise<string>;
}

const LINKED = ["libgpgme11", "libassuan0", "libsubid4"];
const POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}';
/** The file system below may be one on which overlayfs cannot be mounted. */
const STORAGE = `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`;

/** Debian's, unpacked into .cache/, never installed. */
export async function ensurePodman(): Promise<PodmanBinaries | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "bookworm",
    packages: ["podman", "conmon", "runc", ...LINKED],
    files: ["usr/bin/podman", "usr/bin/conmon", "usr/sbin/runc"],
    folder: "podman/bookworm",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  const [podman = "", conmon = "", runc = ""] = tool.paths;
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const libraries = join(dirname(dirname(podman)), "lib", `${machine}-linux-gnu`);
  return { kind: "available", podman, conmon, runc, libraries };
}

export async function startPodmanNode(options: {
  /** Must not be below what the node has of its own. */
  readonly dir: string;
  readonly binaries: PodmanBinaries;
  readonly etcd: string;
}): Promise<PodmanNode | Unavailable> {
  const { dir, binaries, etcd } = options;
  const node = await startOwnNode(dir, ["/etc/containers"]);
  if (node.kind === "unavailable") {
    return node;
  }
  const { at, wrap, cgroupRoot } = node;
  const settings = [
    '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "runc"',
    `conmon_path = ["${binaries.conmon}"]\n[engine.runtimes]\nrunc = ["${binaries.runc}"]\n`,
  ].join("\n");
  writeFileSync(at("/etc/containers/containers.conf"), settings);
  writeFileSync(at("/etc/containers/storage.conf"), STORAGE);
  writeFileSync(at("/etc/containers/policy.json"), POLICY);
  const env = { ...process.env, LD_LIBRARY_PATH: binaries.libraries };
  const podman = async (...words: readonly string[]): Promise<string> =>
    await mustRun(wrap([binaries.podman, ...words]), { env });
  try {
    const image = join(dir, "image.tar");
    const files = { "usr/local/bin/etcd": etcd, ...(await listLibraries(etcd)) };
    writeImage(image, { name: ETCD_IMAGE, files, command: ["etcd"] });
    await podman("load", "-i", image);
    rmSync(image);
    const place = ["--network", "host", "--cgroup-parent", `${cgroupRoot}/podman`];
    return {
      ...node,
      runtime: (await podman("--version")).trim().replace(" version ", " "),
      podman,
      run: async (more, command) =>
        (await podman("run", "-d", ...place, ...more, ETCD_IMAGE, ...command)).trim(),
    };
  } catch (error) {
    await node.stop();
    return unavailable(`podman does not run here: ${describeError(error)}`);
  }
}

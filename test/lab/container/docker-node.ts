/** A node with a real dockerd, at the places where Docker has everything, and an image of etcd in it. */
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { unavailable, type Unavailable } from "../availability.ts";
import { ensureDebianTool } from "../debian-tool.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { mustRun, runCommand } from "../run-command.ts";
import { waitFor } from "../wait-for.ts";
import { listLibraries, writeImage } from "./container-image.ts";
import { ETCD_IMAGE } from "./container-node.ts";
import { describeError, STARTS_WITHIN_MS, startOwnNode, tailOf, type OwnNode } from "./own-node.ts";

export interface DockerBinaries {
  readonly kind: "available";
  readonly dockerd: string;
  readonly docker: string;
  /** Where dockerd looks for containerd, its shim and runc. */
  readonly folders: readonly string[];
}

export interface DockerNode extends OwnNode {
  /** "docker 20.10.24" */
  readonly runtime: string;
  /** What `docker` with these words prints; throws what it says where it fails. */
  docker(...words: readonly string[]): Promise<string>;
  /** `docker run -d` of an etcd in the node's network, `options` of Docker in front; its id. */
  run(options: readonly string[], command: readonly string[]): Promise<string>;
  /** Starts dockerd anew, after a crash. */
  restart(): Promise<void>;
}

/** Debian's, unpacked into .cache/, never installed. */
export async function ensureDocker(): Promise<DockerBinaries | Unavailable> {
  const tool = await ensureDebianTool({
    suite: "bookworm",
    packages: ["docker.io", "containerd", "runc"],
    files: ["usr/sbin/dockerd", "usr/bin/docker", "usr/bin/containerd", "usr/sbin/runc"],
    folder: "docker/bookworm",
  });
  if (tool.kind === "unavailable") {
    return tool;
  }
  const [dockerd = "", docker = "", containerd = "", runc = ""] = tool.paths;
  return { kind: "available", dockerd, docker, folders: [dirname(containerd), dirname(runc)] };
}

export interface DockerNodeOptions {
  /** Must not be below what the node has of its own. */
  readonly dir: string;
  readonly binaries: DockerBinaries;
  readonly etcd: string;
}

export async function startDockerNode({
  dir,
  binaries,
  etcd,
}: DockerNodeOptions): Promise<DockerNode | Unavailable> {
  const node = await startOwnNode(dir, []);
  if (node.kind === "unavailable") {
    return node;
  }
  const { wrap, cgroupRoot } = node;
  const log = join(dir, "dockerd.log");
  const path = [...binaries.folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(":");
  const docker = async (...words: readonly string[]): Promise<string> =>
    await mustRun(wrap([binaries.docker, ...words]));
  const start = async (): Promise<void> => {
    const options = ["--iptables=false", "--bridge=none", `--cgroup-parent=${cgroupRoot}/docker`];
    const daemon: LabProcess = await startLabProcess({
      // The file system below may be one on which overlayfs cannot be mounted.
      command: wrap([binaries.dockerd, ...options, "--storage-driver=vfs"]),
      logPath: log,
      env: { PATH: path },
    });
    const answers = async (): Promise<boolean> =>
      daemon.isRunning() && (await runCommand(wrap([binaries.docker, "version"]))).ok;
    await waitFor("dockerd answers", answers, { timeoutMs: STARTS_WITHIN_MS });
  };
  try {
    await start();
    const image = join(dir, "image.tar");
    const files = { "usr/local/bin/etcd": etcd, ...(await listLibraries(etcd)) };
    writeImage(image, { name: ETCD_IMAGE, files, command: ["etcd"] });
    await docker("load", "-i", image);
    rmSync(image);
    const version = (await docker("version", "--format", "{{.Server.Version}}")).trim();
    return {
      ...node,
      runtime: `docker ${version.replace(/\+.*/, "")}`,
      docker,
      run: async (options, command) =>
        (await docker("run", "-d", "--network", "host", ...options, ETCD_IMAGE, ...command)).trim(),
      restart: start,
    };
  } catch (error) {
    await node.stop();
    return unavailable(
      `dockerd does not run here: ${describeError(error)}; ${existsSync(log) ? tailOf(log) : ""}`,
    );
  }
}

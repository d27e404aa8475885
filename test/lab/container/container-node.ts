/**
 * A node with a real containerd: its own processes, and its own /etc, /run, /var/lib and /var/log, so that everything is where a
 * kubelet and kubeadm have it. All of it ends with one process, and with whoever started that; mounts end with it too.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findWhyNotRoot, unavailable, type Unavailable } from "../availability.ts";
import { isAlive } from "../file-lock.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { runCommand } from "../run-command.ts";
import { toShortSocketPath } from "../socket-path.ts";
import { waitFor } from "../wait-for.ts";
import type { ContainerBinaries } from "./container-binaries.ts";
import { listLibraries, writeImage } from "./container-image.ts";
import { createCriClient, type CriClient } from "./cri-client.ts";

export interface ContainerNode {
  readonly kind: "available";
  readonly cri: CriClient;
  /** "containerd 1.7.24" */
  readonly runtime: string;
  /** A path of the node, where this process sees it. */
  at(path: string): string;
  /** Where the kubelet of this node would have its pods' cgroups: `--cgroup-root`. */
  readonly cgroupRoot: string;
  /** The number, on the node, of the process of this name; 0: none. */
  findPid(name: string): Promise<number>;
  /** The words that run a command on the node. */
  wrap(command: readonly string[]): readonly string[];
  stop(): Promise<void>;
}

export interface ContainerNodeOptions {
  /** Must not be below what the node has of its own. */
  readonly dir: string;
  readonly binaries: ContainerBinaries;
  readonly etcd: string;
}

export const ETCD_IMAGE = "registry.k8s.io/etcd:lab";
const PAUSE_IMAGE = "registry.k8s.io/pause:lab";
const OWN = ["/etc", "/run", "/var/lib", "/var/log"];
/** Of this machine's /etc, what programs on the node need to run. */
const KEPT_OF_ETC = ["passwd", "group", "nsswitch.conf", "hosts", "ld.so.cache", "ssl", "localtime"];
const STARTS_WITHIN_MS = 20_000;
const CGROUPS = "/sys/fs/cgroup";
const CGROUP_NAME = /^etcdscope-lab-(\d+)$/;

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
  const why = findWhyNotRoot() ?? findWhyHidden();
  if (why !== undefined) {
    return why;
  }
  await removeCgroups((owner) => !isAlive(owner));
  const { dir, binaries } = options;
  const at = (path: string): string => join(dir, path.slice(1));
  for (const path of [...OWN, "/etc/kubernetes/manifests", "/var/log/pods", "/run/containerd"]) {
    mkdirSync(at(path), { recursive: true });
  }
  for (const name of KEPT_OF_ETC.filter((each) => existsSync(`/etc/${each}`))) {
    cpSync(`/etc/${name}`, at(`/etc/${name}`), { recursive: true, dereference: true });
  }
  writeFileSync(at("/etc/resolv.conf"), "");
  const mounts = OWN.map((path) => `mount --bind "${at(path)}" ${path}`).join(" && ");
  const holderLog = join(dir, "holder.log");
  const holder = await startLabProcess({
    command: "unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -c"
      .split(" ")
      .concat(`${mounts} && echo ready && exec sleep infinity`),
    logPath: holderLog,
  });
  const wrap = (command: readonly string[]): readonly string[] => [
    "nsenter",
    `--mount=/proc/${holder.pid}/ns/mnt`,
    `--pid=/proc/${holder.pid}/ns/pid_for_children`,
    // It forks for the namespace of processes, and what it forked is to end with it.
    ..."-- setpriv --pdeathsig KILL --".split(" "),
    ...command,
  ];
  const findPid = async (name: string): Promise<number> => {
    const script = `for each in /proc/[0-9]*; do read -r comm < $each/comm && [ "$comm" = "$0" ] && echo "\${each#/proc/}"; done 2>/dev/null; true`;
    const found = await runCommand(wrap(["sh", "-c", script, name]));
    return Number(found.stdout.split("\n")[0] ?? 0);
  };
  let cri: CriClient | undefined;
  const stop = async (): Promise<void> => {
    cri?.close();
    await holder.stop("SIGKILL");
    await removeCgroups((owner) => owner === process.pid);
  };
  try {
    await waitFor("the node is there", () => isReady(holder, holderLog), { timeoutMs: STARTS_WITHIN_MS });
    await startContainerd(dir, binaries, wrap);
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
    return {
      kind: "available",
      cri,
      runtime,
      cgroupRoot: `/etcdscope-lab-${process.pid}`,
      at,
      findPid,
      wrap,
      stop,
    };
  } catch (error) {
    await stop();
    const said = `${tailOf(holderLog)} ${tailOf(join(dir, "containerd.log"))}`.trim();
    return unavailable(
      `containerd does not run here: ${error instanceof Error ? error.message : String(error)}; ${said}`,
    );
  }
}

function findWhyHidden(): Unavailable | undefined {
  const own = OWN.find((path) => import.meta.dirname.startsWith(`${path}/`));
  return own === undefined
    ? undefined
    : unavailable(`this checkout is below ${own}, which the node has of its own`);
}

function isReady(holder: LabProcess, log: string): boolean {
  return holder.isRunning() && readFileSync(log, "utf8").includes("ready");
}

function tailOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-2).join(" ") : "";
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

/** Those of nodes of this lab; what lived in them may still be on its way out. */
async function removeCgroups(isOurs: (owner: number) => boolean): Promise<void> {
  const roots = [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))].filter((path) =>
    lstatSync(path).isDirectory(),
  );
  for (const root of roots) {
    for (const name of readdirSync(root)) {
      const owner = Number(CGROUP_NAME.exec(name)?.[1] ?? 0);
      if (owner > 0 && isOurs(owner)) {
        const gone = waitFor(`${name} is empty`, () => removeTree(join(root, name)), { timeoutMs: 5000 });
        await gone.catch(() => undefined);
      }
    }
  }
}

function removeTree(path: string): boolean {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      removeTree(join(path, entry.name));
    }
  }
  rmdirSync(path);
  return true;
}

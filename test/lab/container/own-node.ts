/**
 * A node beside this machine: its own processes, and its own /etc, /run, /var/lib and /var/log, so that what runs there has everything
 * where a node has it. All of it ends with one process, and with whoever started that; mounts end with it too.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { findWhyNotRoot, unavailable, type Unavailable } from "../availability.ts";
import { isAlive } from "../file-lock.ts";
import { startLabProcess, type LabProcess } from "../lab-process.ts";
import { runCommand } from "../run-command.ts";
import { waitFor } from "../wait-for.ts";

export interface OwnNode {
  readonly kind: "available";
  /** A path of the node, where this process sees it. */
  readonly at: (path: string) => string;
  /** Where this node has its cgroups. */
  readonly cgroupRoot: string;
  /** The number, on the node, of the process of this name; 0: none. */
  findPid(name: string): Promise<number>;
  /** The words that run a command on the node. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  /** Ends what a runtime has started, and it, as a loss of power does: nothing is left of it but what is on disk. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

const OWN = ["/etc", "/run", "/var/lib", "/var/log"];
/** Of this machine's /etc, what programs on the node need to run. */
const KEPT_OF_ETC = ["passwd", "group", "nsswitch.conf", "hosts", "ld.so.cache", "ssl", "localtime"];
export const STARTS_WITHIN_MS = 20_000;
/** Who would write down the end of another goes first. */
const CRASH = `for name in dockerd containerd containerd-shim etcd; do
  for each in $(grep -lx "$name" /proc/[0-9]*/comm); do kill -KILL "$(basename "$(dirname "$each")")"; done
done
umount -l $(sed -nE "s,^[^ ]+ (/run/(docker|containerd)/[^ ]+) .*,\\1,p" /proc/mounts)
rm -rf /run/docker* /run/containerd/*`;
const CGROUPS = "/sys/fs/cgroup";
const CGROUP_NAME = /^etcdscope-lab-(\d+)$/;

/** `dir` must not be below what the node has of its own. */
export async function startOwnNode(dir: string, folders: readonly string[]): Promise<OwnNode | Unavailable> {
  const why = findWhyNotRoot() ?? findWhyHidden();
  if (why !== undefined) {
    return why;
  }
  await removeCgroups((owner) => !isAlive(owner));
  const at = (path: string): string => join(dir, path.slice(1));
  for (const path of [...OWN, ...folders]) {
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
  const crash = async (): Promise<void> => void (await runCommand(wrap(["sh", "-c", CRASH])));
  const stop = async (): Promise<void> => {
    await holder.stop("SIGKILL");
    await removeCgroups((owner) => owner === process.pid);
  };
  try {
    await waitFor("the node is there", () => isReady(holder, holderLog), { timeoutMs: STARTS_WITHIN_MS });
  } catch (error) {
    await stop();
    return unavailable(`no node of its own here: ${describeError(error)}; ${tailOf(holderLog)}`);
  }
  const cgroupRoot = `/etcdscope-lab-${process.pid}`;
  return { kind: "available", at, cgroupRoot, findPid, wrap, crash, stop };
}

export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The last two lines. */
export function tailOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-2).join(" ") : "";
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

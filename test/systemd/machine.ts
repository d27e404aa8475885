/** A machine with a real systemd: Debian's bookworm booted by systemd-nspawn over a throw-away layer, in a network namespace. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { unavailable, type Unavailable } from "../lab/availability.ts";
import { findDebianMirror, readAptSources } from "../lab/apt-sources.ts";
import { CACHE_DIR, ensureDebianTool } from "../lab/debian-tool.ts";
import { withFileLock } from "../lab/file-lock.ts";
import { startLabProcess, type LabProcess } from "../lab/lab-process.ts";
import { mustRun, runCommand, type Finished } from "../lab/run-command.ts";
import { waitFor } from "../lab/wait-for.ts";

export interface MachineTools {
  readonly kind: "available";
  readonly nspawn: string;
  /** Debian's bookworm with systemd, never changed. */
  readonly tree: string;
}

export interface Machine {
  readonly name: string;
  /** The root of its file system as this side sees it. */
  readonly root: string;
  /** Runs inside of it. */
  run(command: readonly string[], timeoutMs?: number): Promise<Finished>;
  /** As run; throws with what was said unless it ends with 0. */
  must(command: readonly string[], timeoutMs?: number): Promise<string>;
  stop(): Promise<void>;
}

const BOOTSTRAP_MS = 480_000;
const BOOTS_WITHIN_MS = 90_000;
const PACKAGES = "systemd,systemd-sysv,dbus,iproute2,procps";

/** Two programs of Debian and a bootstrapped tree, all below .cache/; the first time takes some minutes. */
export async function ensureMachineTools(): Promise<MachineTools | Unavailable> {
  const [spawn, bootstrap] = [
    await ensureDebianTool({
      suite: "bookworm",
      packages: ["systemd-container", "libsystemd-shared"],
      files: ["usr/bin/systemd-nspawn"],
      folder: "nspawn",
    }),
    await ensureDebianTool({
      suite: "bookworm",
      packages: ["debootstrap"],
      files: ["usr/sbin/debootstrap"],
      folder: "debootstrap",
    }),
  ];
  if (spawn.kind === "unavailable") {
    return spawn;
  }
  if (bootstrap.kind === "unavailable") {
    return bootstrap;
  }
  const mirror = findDebianMirror(readAptSources());
  if (mirror === undefined) {
    return unavailable("the machine's apt sources name no Debian mirror");
  }
  const tree = join(CACHE_DIR, "tree/bookworm");
  mkdirSync(join(CACHE_DIR, "tree"), { recursive: true });
  await withFileLock(`${tree}.lock`, BOOTSTRAP_MS, async () => {
    if (!existsSync(join(tree, "usr/lib/systemd/systemd"))) {
      console.log("etcdscope: bootstrapping Debian bookworm into .cache/tree");
      const command = [
        bootstrap.paths[0] ?? "",
        "--variant=minbase",
        `--include=${PACKAGES}`,
        "bookworm",
        tree,
        mirror.uri,
      ];
      const env = { ...process.env, DEBOOTSTRAP_DIR: join(CACHE_DIR, "debootstrap/usr/share/debootstrap") };
      await mustRun(command, { env, timeoutMs: BOOTSTRAP_MS });
    }
  });
  return { kind: "available", nspawn: spawn.paths[0] ?? "", tree };
}

/** Without a group of its own, nspawn puts its slices into the root of this machine's groups. */
const IN_OWN_GROUP =
  'for c in cpu cpuacct memory pids blkio systemd unified; do d=/sys/fs/cgroup/$c; [ -d "$d" ] || continue; ' +
  'mkdir -p "$d/$0" && echo $$ > "$d/$0/cgroup.procs"; done; exec "$@"';

export async function bootMachine(
  tools: MachineTools,
  options: { readonly dir: string; readonly name: string; readonly namespace: string },
): Promise<Machine> {
  const { name } = options;
  const dir = join(options.dir, name);
  const root = join(dir, "root");
  // Layers on the disk of the cache cannot be stacked when that is itself one; memory always can.
  mkdirSync(dir, { recursive: true });
  await mustRun(["mount", "-t", "tmpfs", "-o", "size=1500m", "etcdscope", dir]);
  for (const folder of ["upper", "work", "root"]) {
    mkdirSync(join(dir, folder));
  }
  const layers = `lowerdir=${tools.tree},upperdir=${join(dir, "upper")},workdir=${join(dir, "work")}`;
  await mustRun(["mount", "-t", "overlay", "etcdscope", "-o", layers, root]);
  const command = [
    "sh",
    "-c",
    IN_OWN_GROUP,
    `etcdscope-${process.pid}-${name}`,
    tools.nspawn,
    "-D",
    root,
    "-M",
    name,
    "--boot",
    "--register=no",
    "--keep-unit",
    "--console=pipe",
    `--network-namespace-path=/run/netns/${options.namespace}`,
  ];
  const library = join(CACHE_DIR, "nspawn/usr/lib/x86_64-linux-gnu/systemd");
  const nspawn = await startLabProcess({
    command,
    logPath: join(options.dir, `${name}.log`),
    env: { ...process.env, LD_LIBRARY_PATH: library },
  });
  const machine = createMachine({ name, root, dir, nspawn });
  try {
    await waitFor(
      `${name} is up`,
      async () => /^(running|degraded)/.test((await machine.run(["systemctl", "is-system-running"])).stdout),
      { timeoutMs: BOOTS_WITHIN_MS, intervalMs: 300 },
    );
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return machine;
}

interface Parts {
  readonly name: string;
  readonly root: string;
  readonly dir: string;
  readonly nspawn: LabProcess;
}

function createMachine({ name, root, dir, nspawn }: Parts): Machine {
  /** The first process inside: the child of nspawn. */
  function leader(): string {
    const tasks = readFileSync(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, "utf8").trim();
    return tasks.split(" ").at(-1) ?? "";
  }
  async function run(command: readonly string[], timeoutMs = 60_000): Promise<Finished> {
    const enter = ["nsenter", "-t", leader(), "-m", "-u", "-n", "-p", "-i", "--"];
    const env = {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      LC_ALL: "C.UTF-8",
      DEBIAN_FRONTEND: "noninteractive",
    };
    return await runCommand([...enter, ...command], { timeoutMs, env: { ...env, PATH: `${env.PATH}` } });
  }
  return {
    name,
    root,
    run,
    must: async (command, timeoutMs) => {
      const finished = await run(command, timeoutMs);
      if (!finished.ok) {
        throw new Error(
          `${name}: ${command.join(" ")} ended with ${String(finished.code)}: ${finished.stdout}${finished.stderr}`,
        );
      }
      return finished.stdout;
    },
    stop: async () => {
      if (nspawn.isRunning()) {
        await run(["systemctl", "poweroff"]).catch(() => undefined);
        const startMs = systemClock.monotonicUs() / 1000;
        while (nspawn.isRunning() && systemClock.monotonicUs() / 1000 - startMs < 20_000) {
          await new Promise((resolve) => systemClock.after(200, () => resolve(undefined)));
        }
        await nspawn.stop("SIGKILL");
      }
      await runCommand(["umount", root]);
      await runCommand(["umount", dir]);
    },
  };
}

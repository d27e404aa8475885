/**
 * A machine of its own for one script: its processes, its network and its units are nobody else's, and all of it ends with the
 * script. For what is looked for on the whole machine, as by `etcdscope diagnose` without a configuration.
 */
import { existsSync } from "node:fs";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";
import type { Finished } from "./run-command.ts";
import { runCommand } from "./run-command.ts";

const UNITS = "/etc/systemd/system";
/** As on a machine with neither a kubelet nor k3s nor a container engine, whatever this one is. */
const HIDDEN = [
  "/etc/kubernetes",
  "/var/lib/rancher",
  "/etc/rancher",
  "/var/lib/docker",
  "/var/lib/containers",
];
const LIMIT_MS = 100_000;

export function findWhyNoPrivateMachine(): Unavailable | undefined {
  return findWhyNotRoot() ?? (existsSync(UNITS) ? undefined : unavailable(`there is no ${UNITS}`));
}

/** `unit` is etcd.service there. The script is a shell's, ended by its first failure. */
export async function runOnPrivateMachine(unit: string, script: string): Promise<Finished> {
  const hide = HIDDEN.filter((path) => existsSync(path)).map((path) => `mount -t tmpfs none ${path}`);
  const steps = [
    "set -e",
    ...[UNITS].map((path) => `mount -t tmpfs none ${path}`),
    ...hide,
    `cat > ${UNITS}/etcd.service`,
    "ip link set lo up",
    script,
  ];
  const command = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--mount-proc",
    "--net",
    "sh",
    "-c",
    steps.join("\n"),
  ];
  return await runCommand(command, { timeoutMs: LIMIT_MS, input: unit });
}

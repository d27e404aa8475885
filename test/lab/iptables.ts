/** Finds a firewall tool that really works inside a namespace of this kernel: nft-backed or legacy. */

import { unavailable, type Unavailable } from "./availability.ts";
import { wrapCommand } from "./lab-process.ts";
import { runCommand } from "./run-command.ts";

const CANDIDATES = ["iptables", "iptables-legacy", "iptables-nft"];
/** Never an address of the lab: the rule is added and taken away to see whether the kernel has what it needs. */
const PROBE_RULE = ["INPUT", "-s", "192.0.2.1", "-p", "tcp", "-m", "multiport", "--ports", "1", "-j", "DROP"];
const INSTALL_TIMEOUT_MS = 180_000;

async function findWorking(namespace: string): Promise<string | undefined> {
  for (const tool of CANDIDATES) {
    const added = await runCommand(wrapCommand([tool, "-w", "-A", ...PROBE_RULE], namespace));
    if (added.ok) {
      await runCommand(wrapCommand([tool, "-w", "-D", ...PROBE_RULE], namespace));
      return tool;
    }
  }
  return undefined;
}

/** The name of the command to use. Installs Debian's package when there is none at all. */
export async function ensureIptables(namespace: string): Promise<string | Unavailable> {
  const present = await findWorking(namespace);
  if (present) {
    return present;
  }
  if ((await runCommand(["iptables", "--version"])).ok) {
    return unavailable("iptables does not work with this kernel, neither nft-backed nor legacy");
  }
  console.log("etcdscope: installing Debian's package iptables");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { env, timeoutMs: INSTALL_TIMEOUT_MS };
  await runCommand(["apt-get", "-q", "update"], options);
  await runCommand(["apt-get", "-q", "-y", "--no-install-recommends", "install", "iptables"], options);
  return (await findWorking(namespace)) ?? unavailable("iptables is not here and could not be installed");
}

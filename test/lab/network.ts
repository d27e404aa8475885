/**
 * A small network of machines on one machine: a bridge in a namespace of its own, one namespace and address per node,
 * and faults between them. Nothing of it is in the host's namespace, so nothing there can be harmed or in the way.
 */

import { existsSync, readdirSync } from "node:fs";
import { findWhyNotRoot, unavailable, type Unavailable } from "./availability.ts";
import { isAlive } from "./file-lock.ts";
import { ensureIptables } from "./iptables.ts";
import { wrapCommand } from "./lab-process.ts";
import { mustRun, runCommand, type Finished, type RunOptions } from "./run-command.ts";

export interface NetworkNode {
  readonly name: string;
  /** Name under /run/netns. */
  readonly namespace: string;
  readonly ip: string;
}

export interface PartitionOptions {
  /** Only TCP from or to these ports; all traffic when not given. */
  readonly ports?: readonly number[];
  /** As the node sees it: "in" drops what comes, "out" what goes. Default both. */
  readonly direction?: "in" | "out" | "both";
}

export interface Network {
  readonly kind: "available";
  readonly nodes: readonly NetworkNode[];
  /** The namespace of the bridge that all nodes hang on. */
  readonly hub: string;
  /** The firewall command that works in these namespaces. */
  readonly iptables: string;
  /** A node by name; the collector's is "collector". */
  node(name: string): NetworkNode;
  runIn(name: string, command: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Silently drops traffic between the node and the others (rules in the node's own namespace). */
  partition(name: string, fromNodes: readonly string[], options?: PartitionOptions): Promise<void>;
  /** Takes away every drop of the node. */
  heal(name: string): Promise<void>;
  destroy(): Promise<void>;
}

export interface NetworkOptions {
  readonly members: readonly string[];
}

const PREFIX = "etcdscope";
const COLLECTOR = "collector";
const NETNS_DIR = "/run/netns";
let networksMade = 0;

/** Namespaces of runs whose process is gone are taken away; their processes died with it. */
async function removeStaleNamespaces(): Promise<void> {
  const names = existsSync(NETNS_DIR) ? readdirSync(NETNS_DIR) : [];
  for (const name of names) {
    const owner = Number(new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1] ?? 0);
    if (owner > 0 && !isAlive(owner)) {
      await runCommand(["ip", "netns", "delete", name]);
    }
  }
}

async function addHub(hub: string): Promise<void> {
  await mustRun(["ip", "netns", "add", hub]);
  await mustRun(["ip", "-n", hub, "link", "add", "bridge0", "type", "bridge"]);
  await mustRun(["ip", "-n", hub, "link", "set", "bridge0", "up"]);
}

async function addNode(hub: string, node: NetworkNode): Promise<void> {
  const port = `port${node.ip.split(".")[3] ?? ""}`;
  const { namespace } = node;
  await mustRun(["ip", "netns", "add", namespace]);
  await mustRun([
    "ip",
    "-n",
    hub,
    "link",
    "add",
    port,
    "type",
    "veth",
    "peer",
    "name",
    "eth0",
    "netns",
    namespace,
  ]);
  await mustRun(["ip", "-n", hub, "link", "set", port, "master", "bridge0", "up"]);
  await mustRun(["ip", "-n", namespace, "address", "add", `${node.ip}/24`, "dev", "eth0"]);
  await mustRun(["ip", "-n", namespace, "link", "set", "eth0", "up"]);
  await mustRun(["ip", "-n", namespace, "link", "set", "lo", "up"]);
}

function dropRules(ip: string, options: PartitionOptions): readonly (readonly string[])[] {
  const { direction = "both", ports = [] } = options;
  const match = ports.length > 0 ? ["-p", "tcp", "-m", "multiport", "--ports", ports.join(",")] : [];
  return [
    ...(direction === "out" ? [] : [["INPUT", "-s", ip, ...match, "-j", "DROP"]]),
    ...(direction === "in" ? [] : [["OUTPUT", "-d", ip, ...match, "-j", "DROP"]]),
  ];
}

interface Wiring {
  readonly hub: string;
  readonly nodes: readonly NetworkNode[];
  readonly iptables: string;
}

function operate({ hub, nodes, iptables }: Wiring): Network {
  function node(name: string): NetworkNode {
    const found = nodes.find((candidate) => candidate.name === name);
    if (!found) {
      throw new Error(`No node ${name} in the lab's network`);
    }
    return found;
  }
  async function firewall(name: string, args: readonly string[]): Promise<void> {
    await mustRun(wrapCommand([iptables, "-w", ...args], node(name).namespace));
  }
  return {
    kind: "available",
    nodes,
    hub,
    iptables,
    node,
    runIn: async (name, command, options) =>
      await runCommand(wrapCommand(command, node(name).namespace), options),
    partition: async (name, fromNodes, options = {}) => {
      for (const rule of fromNodes.flatMap((other) => dropRules(node(other).ip, options))) {
        await firewall(name, ["-A", ...rule]);
      }
    },
    heal: async (name) => {
      await firewall(name, ["-F", "INPUT"]);
      await firewall(name, ["-F", "OUTPUT"]);
    },
    destroy: async () => await removeNamespaces([...nodes.map(({ namespace }) => namespace), hub]),
  };
}

async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await runCommand(["ip", "netns", "delete", name]);
  }
}

/** One namespace per member and one for the collector, all in 10.99.0.0/24, which exists only inside them. */
export async function createNetwork(options: NetworkOptions): Promise<Network | Unavailable> {
  const notRoot = findWhyNotRoot();
  if (notRoot) {
    return notRoot;
  }
  if (!(await runCommand(["ip", "-V"])).ok) {
    return unavailable("the command ip (iproute2) is not here");
  }
  await removeStaleNamespaces();
  networksMade += 1;
  const prefix = `${PREFIX}-${process.pid}-${networksMade}`;
  const hub = `${prefix}-hub`;
  const nodes = [COLLECTOR, ...options.members].map((name, index) => ({
    name,
    namespace: `${prefix}-${name}`,
    ip: `10.99.0.${10 + index}`,
  }));
  const all = [...nodes.map(({ namespace }) => namespace), hub];
  try {
    await addHub(hub);
    for (const node of nodes) {
      await addNode(hub, node);
    }
  } catch (error) {
    await removeNamespaces(all);
    return unavailable(`network namespaces do not work here: ${error instanceof Error ? error.message : ""}`);
  }
  const iptables = await ensureIptables(hub);
  if (typeof iptables !== "string") {
    await removeNamespaces(all);
    return iptables;
  }
  return operate({ hub, nodes, iptables });
}

/** Makes one node's network slow: its cable runs through a small relay that hands every frame on later. For kernels without netem. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable, type Unavailable } from "./availability.ts";
import { startLabProcess, wrapCommand, type LabProcess } from "./lab-process.ts";
import type { Network } from "./network.ts";
import { mustRun, runCommand } from "./run-command.ts";
import { waitFor } from "./wait-for.ts";

export interface NetworkDelay {
  readonly kind: "available";
  /** Milliseconds, each way. */
  start(delayMs: number): Promise<void>;
  stop(): Promise<void>;
}

const SCRIPT = join(import.meta.dirname, "network-delay.py");

export async function createDelay(
  network: Network,
  name: string,
  dir: string,
): Promise<NetworkDelay | Unavailable> {
  if (!(await runCommand(["python3", "--version"])).ok) {
    return unavailable("the relay that delays packets needs python3");
  }
  const { hub } = network;
  const port = `port${network.node(name).ip.split(".")[3] ?? ""}`;
  const logPath = join(dir, `delay-${name}.log`);
  let relay: LabProcess | undefined;
  async function ip(...args: readonly string[]): Promise<void> {
    await mustRun(["ip", "-n", hub, ...args]);
  }
  return {
    kind: "available",
    start: async (delayMs) => {
      await ip("link", "add", "late0", "type", "veth", "peer", "name", "late1");
      await ip("link", "set", "late0", "up");
      await ip("link", "set", "late1", "master", "bridge0", "up");
      // A bridge port takes every frame before the relay sees it.
      await ip("link", "set", port, "nomaster");
      await mustRun(wrapCommand(["sysctl", "-qw", `net.ipv6.conf.${port}.disable_ipv6=1`], hub));
      await ip("link", "set", port, "promisc", "on");
      await ip("link", "set", "late0", "promisc", "on");
      relay = await startLabProcess({
        command: ["python3", SCRIPT, port, "late0", String(delayMs)],
        logPath,
        namespace: hub,
      });
      await waitFor(
        "frames are relayed",
        () => existsSync(logPath) && readFileSync(logPath, "utf8").includes("relaying"),
        {
          timeoutMs: 10_000,
        },
      );
    },
    stop: async () => {
      await relay?.stop("SIGKILL");
      await runCommand(["ip", "-n", hub, "link", "delete", "late0"]);
      await ip("link", "set", port, "promisc", "off", "master", "bridge0");
    },
  };
}

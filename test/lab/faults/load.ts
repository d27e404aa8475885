/** More work than the members can do. */
import { join } from "node:path";
import { createDiskThrottle } from "../disk-throttle.ts";
import { ensureEtcd, type EtcdVersion } from "../etcd-binaries.ts";
import { pickLeader, urlsOf, type Fault } from "../fault.ts";
import { wrapCommand, startLabProcess, type LabProcess } from "../lab-process.ts";
import type { WatchedCluster } from "../../integration/watched-cluster.ts";

/** Etcdctl in a loop, from the collector's namespace. */
async function startLoop(on: WatchedCluster, version: EtcdVersion, args: string): Promise<LabProcess> {
  const { etcd, network, dir } = on;
  const binaries = await ensureEtcd(version);
  const words = [
    binaries.kind === "available" ? binaries.etcdctl : "etcdctl",
    `--endpoints=${urlsOf(on).join(",")}`,
    `--cacert=${etcd.pki.caPath}`,
    `--cert=${etcd.pki.client.cert}`,
    `--key=${etcd.pki.client.key}`,
    "--command-timeout=60s",
  ];
  const command = [
    "bash",
    "-c",
    `while :; do ETCDCTL_API=3 ${words.join(" ")} ${args} >/dev/null 2>&1 || sleep 0.2; done`,
  ];
  return await startLabProcess({
    command: wrapCommand(command, network.node("collector").namespace),
    logPath: join(dir, "load-loop.log"),
  });
}

export const LOAD_FAULTS: readonly Fault[] = [
  {
    name: "large-ranges",
    spoils: true,
    causeWithinMs: 30_000,
    prepare: async (on, version) => {
      const loops: LabProcess[] = [];
      return await Promise.resolve({
        story: "four clients read 40 MB again and again",
        causes: ["LARGE_RESPONSES|SLOW_REQUESTS"],
        also: ["LARGE_RESPONSES", "SLOW_REQUESTS", "CPU_STARVED", "HEARTBEATS_LATE"],
        verdicts: ["healthy", "degraded"] as const,
        inject: async () => {
          for (let count = 0; count < 40; count += 1) {
            await on.etcd.etcdctl.run(urlsOf(on), ["put", `/large/${count}`], "v".repeat(1_000_000));
          }
          for (let count = 0; count < 4; count += 1) {
            loops.push(await startLoop(on, version, "get /large/ --prefix"));
          }
        },
        heal: async () => void (await Promise.all(loops.map(async (loop) => await loop.stop("SIGKILL")))),
      });
    },
  },
  {
    name: "write-overload",
    spoils: true,
    causeWithinMs: 45_000,
    prepare: async (on, version) => {
      const leader = await pickLeader(on);
      const throttles = [...on.disks.values()].map((disk) => createDiskThrottle(disk));
      const missing = throttles.find((throttle) => throttle.kind === "unavailable");
      if (missing?.kind === "unavailable") {
        return missing;
      }
      let perf: LabProcess | undefined;
      return {
        story: "etcdctl check perf --load=m writes to members whose disks do 100 writes a second",
        causes: ["DISK_SLOW|PROPOSALS_PENDING|REQUEST_OVERLOAD"],
        also: ["DISK_SLOW", "PROPOSALS_PENDING", "REQUEST_OVERLOAD", "CPU_STARVED"],
        findings: ["PROPOSALS_PENDING"],
        verdicts: ["healthy", "degraded", "at-risk", "no-leader"],
        inject: async () => {
          throttles.forEach((throttle) => throttle.kind === "available" && throttle.slow(100));
          perf = await startLoop(on, version, `--endpoints=${leader.clientUrl} check perf --load=m`);
        },
        heal: async () => {
          throttles.forEach((throttle) => throttle.kind === "available" && throttle.restore());
          await perf?.stop("SIGKILL");
        },
      };
    },
  },
];

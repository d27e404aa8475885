/** The running demo: a three-member TLS etcd, three agents and a collector in .cache/demo/, and what is done to them. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ClusterState } from "../../shared/rest.ts";
import { ensureConsole } from "../../scripts/ensure-console.ts";
import { findWhyNotRoot } from "./availability.ts";
import { CACHE_DIR } from "./debian-tool.ts";
import { createDisk } from "./disk.ts";
import {
  isFound,
  prepareFault,
  type DemoFault,
  type DemoFaultName,
  type DemoPatient,
} from "./demo-faults.ts";
import { ensureEtcd, type EtcdBinaries } from "./etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "./etcd-cluster.ts";
import { removeFolderWithMounts } from "./run-folder.ts";
import { createStack, findActive, type Stack } from "./stack.ts";

export type Say = (line: string) => void;

export interface DemoSession {
  readonly stack: Stack;
  /** Shows the verdict, breaks, waits for the finding, heals, waits for the verdict; true when all of it came. */
  breakAndHeal(name: DemoFaultName, say: Say): Promise<boolean>;
  status(): Promise<string>;
  stop(): Promise<void>;
}

export const DEMO_DIR = join(CACHE_DIR, "demo");
const RUN_DIR = join(DEMO_DIR, "run");

const DISK_MEMBER = "m3";
/** etcd keeps two WAL files of 64 MB allocated; the rest is enough that the disk is not nearly full from the start. */
const DISK_BYTES = 1024 * 1024 * 1024;
const HEALTHY_WITHIN_MS = 60_000;
/** Of each service, when the demo does not become healthy. */
const LOG_LINES = 8;
/** Certificates are read once a slow tick, so the slowest finding takes that long and a little more. */
const FOUND_WITHIN_MS = 60_000;
const HEALED_WITHIN_MS = 90_000;
/** The default is a minute; nobody wants to watch a certificate for a minute. */
const DEMO_INTERVALS = { fast: "1s", normal: "10s", slow: "10s" };

function toSeconds(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}

interface Stage {
  readonly stack: Stack;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/**
 * Healthy as every agent sees it, and nothing of an earlier fault is left to be told. Without root an agent may not read the kernel's
 * log and other users' processes: such blind spots stay, and are told.
 */
function isQuiet(state: ClusterState): boolean {
  return (
    state.verdict === "healthy" &&
    state.members.every(({ agent }) => agent.state === "online") &&
    (state.coverage.blindSpots.length === 0 || findWhyNotRoot() !== undefined) &&
    state.findings.every(({ severity }) => severity === "info")
  );
}

async function runFault(fault: DemoFault, { stack, say, signal }: Stage): Promise<boolean> {
  await stack.waitFor("healthy before the break", isQuiet, { timeoutMs: HEALTHY_WITHIN_MS, signal });
  say(`── before\n${await showStatus(stack)}\n`);
  say(`── break   ${fault.story}`);
  let isComplete = false;
  try {
    await fault.break();
    const wanted = fault.expected
      .map(({ code, on }) => (on === undefined ? code : `${code} on ${on}`))
      .join(", ");
    const found = await stack.waitFor(wanted, (state) => isFound(state, fault), {
      timeoutMs: FOUND_WITHIN_MS,
      signal,
    });
    for (const { code, on } of fault.expected) {
      say(
        `── found   ${code}${on === undefined ? "" : ` on ${on}`}: ${findActive(found.state, code, on)?.title.en ?? ""}`,
      );
    }
    say(`── status  ${toSeconds(found.seconds)} after the break\n${await showStatus(stack)}\n`);
    isComplete = true;
  } catch (error) {
    if (signal.aborted) {
      // All of it is about to be taken down: there is nothing to heal.
      say("── ended   before the finding came");
      return false;
    }
    say(`── FAILED  ${error instanceof Error ? error.message : String(error)}`);
  }
  say(`── heal    ${fault.healing}`);
  await fault.heal();
  try {
    const healed = await stack.waitFor("healthy again", isQuiet, { timeoutMs: HEALED_WITHIN_MS, signal });
    say(`── healed  ${toSeconds(healed.seconds)} later\n${await showStatus(stack)}\n`);
    return isComplete;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(signal.aborted ? "── ended   before it was healthy again" : `── FAILED  ${why}`);
    return false;
  }
}

async function showStatus(stack: Stack): Promise<string> {
  const status = await stack.command(["status"]);
  return (status.stdout || status.stderr).trimEnd();
}

async function placeDisk(): Promise<DemoPatient["disk"]> {
  const disk = await createDisk({ dir: join(RUN_DIR, "disk"), name: DISK_MEMBER, sizeBytes: DISK_BYTES });
  return disk.kind === "available" ? { member: DISK_MEMBER, disk } : { because: disk.because };
}

async function createDemoCluster(binaries: EtcdBinaries, disk: DemoPatient["disk"]): Promise<EtcdCluster> {
  return await createEtcdCluster({
    binaries,
    dir: join(RUN_DIR, "etcd"),
    members: ["m1", "m2", DISK_MEMBER].map((name) =>
      "disk" in disk && name === disk.member
        ? { name, dataDir: join(disk.disk.mountPoint, "etcd") }
        : { name },
    ),
  });
}

/**
 * Starts everything and waits for the verdict "healthy". Whatever fails, and when the signal comes, nothing is left
 * running.
 */
export async function startDemo(say: Say, signal: AbortSignal): Promise<DemoSession> {
  const binaries = await ensureEtcd("3.5");
  const usable = binaries.kind === "available" ? binaries : await ensureEtcd("3.4");
  if (usable.kind === "unavailable") {
    throw new Error(`The demo needs a real etcd: ${usable.because}`);
  }
  await ensureConsole();
  await removeFolderWithMounts(RUN_DIR);
  mkdirSync(RUN_DIR, { recursive: true });
  let etcd: EtcdCluster | undefined;
  let stack: Stack | undefined;
  async function stop(): Promise<void> {
    await stack?.stopAll();
    await etcd?.stopAll();
    await removeFolderWithMounts(RUN_DIR);
  }
  try {
    say(`Starting etcd ${usable.version} with three members, then a collector and three agents`);
    const disk = await placeDisk();
    const cluster = await createDemoCluster(usable, disk);
    etcd = cluster;
    await cluster.start();
    await cluster.waitHealthy();
    signal.throwIfAborted();
    const running = await createStack({
      dir: join(RUN_DIR, "etcdscope"),
      cluster: "demo",
      etcd: cluster,
      agentConfig: { intervals: DEMO_INTERVALS },
    });
    stack = running;
    await running.start();
    const limits = { timeoutMs: HEALTHY_WITHIN_MS, signal };
    const { seconds } = await running.waitFor("healthy, every agent heard", isQuiet, limits);
    say(`The verdict is healthy, ${toSeconds(seconds)} after the collector's start`);
    return {
      stack: running,
      status: async () => await showStatus(running),
      breakAndHeal: async (name, sayTo) =>
        await runFault(await prepareFault(name, { etcd: cluster, disk }), {
          stack: running,
          say: sayTo,
          signal,
        }),
      stop,
    };
  } catch (error) {
    if (stack && !signal.aborted) {
      say(stack.readLogTails(LOG_LINES));
    }
    await stop();
    throw error;
  }
}

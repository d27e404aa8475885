/** Where faults are run: watched clusters under a light load, one at a time, kept while the next fault can use the one that is there. */
import { join } from "node:path";
import { startWatchedCluster, type WatchedCluster } from "../integration/watched-cluster.ts";
import type { EtcdVersion } from "./etcd-binaries.ts";
import type { Fault } from "./fault.ts";
import { startLabProcess, type LabProcess } from "./lab-process.ts";
import { startPrometheus, watchAlerts } from "./prometheus.ts";
import { runFault, type FaultRun } from "./run-fault.ts";
import { describeState } from "./stack.ts";

/** etcd takes 64 to 128 MiB for its WAL at once, and some faults write 150 MB. */
const DISK_BYTES = 640 * 1024 * 1024;

export interface Ward {
  /** A quiet cluster that has what the fault needs. */
  admit(fault: Pick<Fault, "needs">): Promise<WatchedCluster>;
  discard(): Promise<void>;
}

/** The clusters of a run, one at a time: kept while the next fault can use the one that is there. */
export function createWard(version: EtcdVersion, load: "light" | "kubernetes" = "light"): Ward {
  let current:
    { readonly on: WatchedCluster; readonly key: string; readonly clients: LabProcess } | undefined;
  async function discard(): Promise<void> {
    await current?.clients.stop("SIGKILL");
    await current?.on.stop();
    current = undefined;
  }
  async function admit({ needs = {} }: Pick<Fault, "needs">): Promise<WatchedCluster> {
    const key = JSON.stringify(needs);
    if (current?.key === key) {
      return current.on;
    }
    await discard();
    // The product's own thresholds: here a leader that changes often is one of the faults.
    const stack = { collectorConfig: { thresholds: { profile: "default" } } };
    const on = await startWatchedCluster({ version, diskBytes: DISK_BYTES, stack, ...needs });
    if (on.kind === "unavailable") {
      throw new Error(`The lab cannot run here: ${on.because}`);
    }
    const targets = on.etcd.members.map(({ clientUrl }) => ({
      url: clientUrl,
      ca: on.etcd.pki.caPath,
      ...on.etcd.pki.client,
    }));
    const clients = await startLabProcess({
      command: [process.execPath, join(import.meta.dirname, "lab-load.ts"), load, JSON.stringify(targets)],
      logPath: join(on.dir, "load.log"),
      namespace: on.network.node("collector").namespace,
    });
    current = { on, key, clients };
    return on;
  }
  return { admit, discard };
}

function describeAlerts(alerts: ReadonlyMap<string, number>, minutes: number): string {
  const told = [...alerts].map(([name, seconds]) => `${name} after ${seconds.toFixed(0)} s`);
  return told.join(", ") || `nothing in ${minutes} min`;
}

function skip(fault: Fault, version: EtcdVersion, because: string): FaultRun {
  const nothing = {
    story: "",
    verdict: "",
    first: "",
    isFirstRight: false,
    extras: [],
    missing: [],
    note: "",
  };
  return { fault: fault.name, version, skipped: because, isInTime: false, ...nothing };
}

export interface Place {
  readonly ward: Ward;
  /** For how long the fault is kept beside Prometheus; undefined: without it. */
  readonly besideMinutes?: number | undefined;
}

/** Whatever fails, the next fault does not meet what this one left. */
export async function runOne(fault: Fault, version: EtcdVersion, place: Place): Promise<FaultRun> {
  try {
    return await runIn(fault, version, place);
  } catch (error) {
    await place.ward.discard();
    throw error;
  }
}

async function runIn(fault: Fault, version: EtcdVersion, { ward, besideMinutes }: Place): Promise<FaultRun> {
  const on = await ward.admit(fault);
  const prepared = await fault.prepare(on, version);
  if ("because" in prepared) {
    return skip(fault, version, prepared.because);
  }
  const beside = besideMinutes === undefined ? undefined : await startPrometheus(on);
  if (beside?.kind === "unavailable") {
    return skip(fault, version, beside.because);
  }
  const watchBeside =
    beside === undefined || besideMinutes === undefined
      ? undefined
      : async (): Promise<string> => describeAlerts(await watchAlerts(beside, besideMinutes), besideMinutes);
  const run = await runFault(fault, prepared, { on, version, watchBeside });
  await beside?.stop();
  if (fault.spoils === true || fault.leavesTrace === true || run.quietSeconds === undefined) {
    if (fault.spoils !== true && run.quietSeconds === undefined) {
      console.log(`  did not become quiet: ${describeState(await on.stack.state().catch(() => undefined))}`);
    }
    await ward.discard();
  }
  return run;
}

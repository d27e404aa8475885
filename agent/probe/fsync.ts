/**
 * Times a small write and fdatasync on the WAL's file system: it tells a slow disk from an etcd that is starved, which etcd's own
 * histogram cannot. Kept to a budget, since it runs beside etcd: rarer on a slow disk and where a collector asks for rest, never on one that is nearly full.
 */
import { posix } from "node:path";

import { roughen } from "../../shared/rough-number.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { DiscoveredEtcd } from "../discovery/discovered-etcd.ts";
import { pathOnHost } from "../discovery/path-on-host.ts";
import type { HostDoor } from "../host/host-door.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { isReadOnlyForAgent } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup, ProbeTiming } from "./probe.ts";

/** When the disk is slow: still enough to see that it is. */
const RARE_INTERVAL_MS = 60_000;
const SLOW_SECONDS = 0.2;
/** This many slow ones in a row make the probe rare; a single fast one makes it usual again. */
const SLOW_RUNS = 3;
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const MIN_FREE_SHARE = 0.05;
/** A disk that does not finish a small write in this time hangs. */
const TIME_LIMIT_MS = 4000;

/** Where the probe writes. */
interface Place {
  readonly directory: string;
  /** As in mountinfo. */
  readonly device: string;
}

export function createFsyncProbe(setup: ProbeSetup): Probe {
  const { enabled, intervalMs } = setup.config.fsyncProbe;
  let slowRuns = 0;
  let isRestAsked = false;
  /** Since a collector asks for rest, or asks for none. */
  let hasRun = false;
  let cleaned = "";

  function timing(): ProbeTiming {
    const { fsyncProbeMinIntervalMs = 0, fsyncProbePhaseMs = 0 } = setup.settings?.() ?? {};
    if (fsyncProbeMinIntervalMs > intervalMs !== isRestAsked) {
      isRestAsked = !isRestAsked;
      hasRun = false;
    }
    // What leaves a cluster with no failure to stand may be a disk that hangs: that is looked at before the rest begins.
    const usualMs = hasRun ? Math.max(intervalMs, fsyncProbeMinIntervalMs) : intervalMs;
    return {
      intervalMs: slowRuns >= SLOW_RUNS ? Math.max(usualMs, RARE_INTERVAL_MS) : usualMs,
      phaseMs: fsyncProbePhaseMs,
    };
  }

  async function run(context: ProbeContext): Promise<Observation> {
    if (!enabled) {
      throw skipped("disabled", "The fsync probe is switched off in the configuration");
    }
    const { directory, device } = await findDirectory(context, assertDiscovered(context));
    await assertRoom(context, directory);
    if (cleaned !== directory) {
      await context.host.removeStaleFsyncFile(directory, context.signal);
      cleaned = directory;
    }
    const seconds = await measure(context, directory).catch((caught: unknown) => {
      throw explainRefusal(caught, context.host, { directory, device });
    });
    return {
      samples: [{ key: "etcdscope_fsync_probe_seconds", value: roughen(seconds * 1e6) / 1e6 }],
      // Whether etcd's own are as slow, and who else writes: asked no oftener than this probe runs on a slow disk.
      trigger: seconds > SLOW_SECONDS ? ["metrics", "disk"] : [],
    };
  }

  async function measure(context: ProbeContext, directory: string): Promise<number> {
    // Counted as slow until it has come back: one that never does must not be followed by another soon.
    slowRuns += 1;
    hasRun = true;
    const seconds = await context.host.measureFsync(directory, context.signal);
    slowRuns = seconds > SLOW_SECONDS ? slowRuns : 0;
    return seconds;
  }

  return { name: "fsync", cadence: "normal", timeLimitMs: TIME_LIMIT_MS, timing, run };
}

/** Beside the member directory; for a WAL that has a directory of its own, beside that. Never in either. */
async function findDirectory(context: ProbeContext, discovered: DiscoveredEtcd): Promise<Place> {
  const { dataDir, walDir } = discovered.flags;
  const isInside = walDir === posix.join(dataDir, "member", "wal");
  const beside = pathOnHost(discovered, isInside ? dataDir : posix.dirname(walDir));
  const wal = await context.host.readDirectoryFacts(pathOnHost(discovered, walDir), context.signal);
  const candidate = await context.host.readDirectoryFacts(beside, context.signal);
  if (wal.device !== candidate.device) {
    throw skipped("other_filesystem", `The directory beside the WAL, ${beside}, is on another file system`);
  }
  return { directory: beside, device: candidate.device };
}

/** A mount that is read-only for the agent alone is its own unit's doing, and says nothing of the disk. */
function explainRefusal(caught: unknown, host: HostDoor, { directory, device }: Place): unknown {
  const isRefused = EtcdscopeError.from(caught).reason === "read_only";
  return isRefused && isReadOnlyForAgent(host, directory, device)
    ? skipped(
        "read_only_for_agent",
        `${directory} is read-only for the agent alone, by its own unit: ReadWritePaths=${directory} in a drop-in lets it time an fsync there`,
      )
    : caught;
}

async function assertRoom(context: ProbeContext, directory: string): Promise<void> {
  const { availableBytes, sizeBytes } = await context.host.readFilesystemUsage(directory, context.signal);
  if (availableBytes < MIN_FREE_BYTES || availableBytes < sizeBytes * MIN_FREE_SHARE) {
    throw skipped(
      "low_space",
      `${directory} has ${availableBytes} of ${sizeBytes} bytes left: the probe writes nothing there`,
    );
  }
}

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

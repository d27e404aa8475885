/** The kernel's counters of the devices that hold etcd's data and WAL: what a slow disk is told from, and who else writes to it. */
import type { Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { DiskStat } from "../host/parse-diskstats.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories, findDirectoryMount } from "./etcd-directories.ts";
import { DISK_WRITERS_KEY, DiskWriters } from "./disk-writers.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** A directory is asked for its device this often; in between, and while it hangs, the device is the one it was. */
const RESOLVE_EVERY_US = 60_000_000;
const RESOLVE_LIMIT_MS = 1000;
/** Who writes is told by two looks this far apart. */
const WRITERS_AGAIN_MS = 2000;

export function createDiskProbe(): Probe {
  let devices: ReadonlySet<string> = new Set();
  /** The device of the WAL, which is what etcd waits for. */
  let walDevice = "";
  const writers = new DiskWriters();
  let resolvedFor = "";
  let resolvedAtUs = 0;

  async function resolve(context: ProbeContext): Promise<void> {
    const directories = etcdDirectories(assertDiscovered(context));
    const subject = directories.map(({ hostPath }) => hostPath).join("\n");
    const nowUs = context.clock.monotonicUs();
    if (subject === resolvedFor && nowUs - resolvedAtUs < RESOLVE_EVERY_US) {
      return;
    }
    const names = new Set<string>();
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(RESOLVE_LIMIT_MS)]);
    for (const directory of directories) {
      const { device } = await context.host.readDirectoryFacts(directory.hostPath, signal);
      const name = findDirectoryMount(context.host, directory, device)?.deviceName ?? "";
      if (name !== "") {
        names.add(name);
      }
      walDevice = directory.role === "wal" ? name : walDevice;
    }
    devices = names;
    resolvedFor = subject;
    resolvedAtUs = nowUs;
  }

  async function run(context: ProbeContext): Promise<Observation> {
    try {
      await resolve(context);
    } catch (caught) {
      if (devices.size === 0) {
        throw caught;
      }
    }
    const stats = context.host.readDiskStats().filter(({ name }) => devices.has(name));
    if (stats.length === 0) {
      throw new EtcdscopeError("NOT_APPLICABLE", "etcd's directories are on no block device", {
        reason: "no_block_device",
      });
    }
    const samples = stats.flatMap(sample);
    const wal = stats.find(({ name }) => name === walDevice);
    if (wal === undefined) {
      return { samples, removedFacts: [DISK_WRITERS_KEY] };
    }
    const { host, discovered, clock } = context;
    const { isLooking, ...news } = writers.update(wal, {
      host,
      pid: discovered?.pid,
      nowUs: clock.monotonicUs(),
    });
    return isLooking ? { samples, ...news, againMs: WRITERS_AGAIN_MS } : { samples, ...news };
  }

  return { name: "disk", cadence: "normal", timeLimitMs: 5000, run };
}

function sample(stat: DiskStat): readonly Sample[] {
  const at = (metric: string, value: number): Sample => ({
    key: seriesKey(metric, { device: stat.name }),
    value,
  });
  return [
    at("node_disk_writes_completed_total", stat.writesCompleted),
    at("node_disk_write_time_seconds_total", stat.writeSeconds),
    at("node_disk_written_bytes_total", stat.writtenBytes),
    at("node_disk_reads_completed_total", stat.readsCompleted),
    at("node_disk_read_time_seconds_total", stat.readSeconds),
    at("node_disk_read_bytes_total", stat.readBytes),
    at("node_disk_io_time_seconds_total", stat.ioSeconds),
    at("node_disk_io_now", stat.ioNow),
  ];
}

/** The kernel's counters of the devices that hold etcd's data and WAL: what a slow disk is told from. */
import type { Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { DiskStat } from "../host/parse-diskstats.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories, findDirectoryMount } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** A directory is asked for its device this often; in between, and while it hangs, the device is the one it was. */
const RESOLVE_EVERY_US = 60_000_000;
const RESOLVE_LIMIT_MS = 1000;

export function createDiskProbe(): Probe {
  let devices: ReadonlySet<string> = new Set();
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
    return { samples: stats.flatMap(sample) };
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

/**
 * How fast etcd's database, and what is used of its disks, have grown over the last hours. Summed up here rather than by the
 * collector, so that each frame says it: a forecast then holds for any moment that is looked back at.
 */
import type { Sample } from "../../shared/frame.ts";
import { seriesKey } from "../../shared/series-key.ts";
import { assertDiscovered } from "./assert-discovered.ts";
import { etcdDirectories } from "./etcd-directories.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";
import { Trend } from "./trend.ts";

export function createGrowthProbe(): Probe {
  let trends = new Map<string, Trend>();
  let dataDir = "";

  function add(what: string, value: number, nowMs: number): void {
    const trend = trends.get(what) ?? new Trend("lowest");
    trends.set(what, trend);
    trend.add(value, nowMs);
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const discovered = assertDiscovered(context);
    if (dataDir !== discovered.flags.dataDir) {
      // Another etcd than before.
      dataDir = discovered.flags.dataDir;
      trends = new Map();
    }
    const nowMs = context.clock.monotonicUs() / 1000;
    for (const { role, hostPath } of etcdDirectories(discovered)) {
      const { sizeBytes, availableBytes } = await context.host.readFilesystemUsage(hostPath, context.signal);
      add(role, sizeBytes - availableBytes, nowMs);
    }
    const { dbSizeInUseBytes } = await context.etcd.ownStatus(context);
    add("db", Number(dbSizeInUseBytes), nowMs);
    return { samples: [...trends].flatMap(([what, trend]) => describe(what, trend)) };
  }

  return { name: "growth", cadence: "slow", timeLimitMs: 5000, run };
}

function describe(what: string, { growth }: Trend): readonly Sample[] {
  return growth === undefined
    ? []
    : [
        { key: seriesKey("etcdscope_growth_bytes_per_second", { what }), value: growth.perSecond },
        { key: seriesKey("etcdscope_growth_window_seconds", { what }), value: growth.overSeconds },
      ];
}

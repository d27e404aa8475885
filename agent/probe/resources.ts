/**
 * What etcd gets of the machine and what limits it: time spent waiting for a CPU, its cgroup's quota and memory limit, pressure,
 * and whether the kernel killed it for memory. Looked at again the moment etcd goes, when the counters still tell why.
 */
import { create } from "@bufbuild/protobuf";

import type { Sample } from "../../shared/frame.ts";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { seriesKey } from "../../shared/series-key.ts";
import type { CgroupFigures, CgroupPlace } from "../host/read-cgroup.ts";
import type { HostPressure } from "../host/read-pressure.ts";
import type { ProcessShare } from "../host/read-process-share.ts";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** The process and the kill counters at the look before. */
interface Before {
  readonly pid: number;
  readonly startTicks: number;
  readonly place: CgroupPlace | undefined;
  readonly cgroupKills: number | undefined;
  readonly hostKills: number | undefined;
}

export function createResourcesProbe(): Probe {
  let before: Before | undefined;

  function run({ host, discovered, clock }: ProbeContext): Promise<Observation> {
    const pid = discovered?.pid;
    const stat = pid === undefined ? undefined : host.findProcessStat(pid);
    const isSame = stat !== undefined && stat.pid === before?.pid && stat.startTicks === before.startTicks;
    const machine = host.readPressure();
    const place = isSame ? before?.place : stat === undefined ? undefined : host.findCgroup(stat.pid);
    const group = place === undefined ? undefined : host.readCgroup(place);
    const events: Event[] = [];
    if (before !== undefined && !isSame) {
      const lastGroup = before.place === undefined ? undefined : host.readCgroup(before.place);
      const scope = findKiller(before, lastGroup, machine);
      if (scope !== undefined) {
        events.push(createKill(scope, before.pid, clock.nowMs()));
      }
      before = undefined;
    }
    if (stat !== undefined) {
      const { pid: seen, startTicks } = stat;
      before = { pid: seen, startTicks, place, cgroupKills: group?.oomKills, hostKills: machine.oomKills };
    }
    const share = stat === undefined ? undefined : host.findProcessShare(stat.pid);
    return Promise.resolve({ samples: sample(machine, group, share), events });
  }

  return { name: "resources", cadence: "normal", timeLimitMs: 1000, run };
}

/** The cgroup's own counter is proof; where it went with the process, a kill on the machine at the same time is all there is. */
function findKiller(
  before: Before,
  group: CgroupFigures | undefined,
  machine: HostPressure,
): "cgroup" | "host" | undefined {
  if (hasGrown(before.cgroupKills, group?.oomKills)) {
    return "cgroup";
  }
  const isCounted = before.cgroupKills !== undefined && group?.oomKills === before.cgroupKills;
  // A cgroup that is still there and counted nothing: whoever was killed, it was not etcd. A new one counts from 0 again.
  return hasGrown(before.hostKills, machine.oomKills) && !(isCounted && before.cgroupKills !== 0)
    ? "host"
    : undefined;
}

function hasGrown(one: number | undefined, other: number | undefined): boolean {
  return one !== undefined && other !== undefined && other > one;
}

function createKill(scope: string, pid: number, atMs: number): Event {
  return create(EventSchema, {
    atUnixMs: BigInt(Math.round(atMs)),
    kind: "oom_killed",
    subject: "etcd",
    attributes: { pid: String(pid), scope },
  });
}

function sample(
  machine: HostPressure,
  group: CgroupFigures | undefined,
  share: ProcessShare | undefined,
): readonly Sample[] {
  const values: readonly (readonly [string, number | undefined])[] = [
    ["process_threads", share?.threads],
    ["etcdscope_process_anonymous_memory_bytes", share?.anonymousBytes],
    ["etcdscope_process_cpu_wait_seconds_total", share?.cpuWaitSeconds],
    ["container_cpu_cfs_throttled_seconds_total", group?.throttledSeconds],
    ["container_spec_memory_limit_bytes", group?.memoryLimitBytes],
    ["container_oom_events_total", group?.oomKills],
    ["node_vmstat_oom_kill", machine.oomKills],
    ["node_memory_MemAvailable_bytes", machine.memoryAvailableBytes],
    ["node_memory_MemTotal_bytes", machine.memoryTotalBytes],
    [pressureKey("machine", "cpu"), machine.cpuSeconds],
    [pressureKey("machine", "memory"), machine.memorySeconds],
    [pressureKey("machine", "io"), machine.ioSeconds],
    [pressureKey("cgroup", "cpu"), group?.cpuPressureSeconds],
    [pressureKey("cgroup", "memory"), group?.memoryPressureSeconds],
    [pressureKey("cgroup", "io"), group?.ioPressureSeconds],
  ];
  return values.flatMap(([key, value]) =>
    value === undefined
      ? []
      : [{ key, value: key.includes("_seconds_total") ? toMilliseconds(value) : value }],
  );
}

/** Every ten seconds: what is finer than a millisecond says nothing, and takes room in the history. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

function pressureKey(scope: string, resource: string): string {
  return seriesKey("etcdscope_pressure_seconds_total", { resource, scope });
}

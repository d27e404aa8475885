/** etcd's process as the kernel sees it: there, stopped, stuck or gone; its starts counted; its use of memory, CPU and files. */
import { create } from "@bufbuild/protobuf";

import type { Sample } from "../../shared/frame.ts";
import {
  EventSchema,
  FactSchema,
  ProcessFactSchema,
  ProcessState,
} from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event, Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { isAlive } from "../host/parse-stat.ts";
import type { ProcessStat } from "../host/parse-stat.ts";
import type { HostDoor } from "../host/host-door.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** Probes whose last answer is stale when etcd has started or gone. */
const STALE_AFTER_CHANGE = [
  "flags",
  "status",
  "members",
  "metrics",
  "filesystem",
  "certificate",
  "read",
  "resources",
  "logs",
  "start",
  "process_end",
  "kernel",
];

/** What of the process identifies it, and what changes rarely. */
interface Seen {
  readonly state: ProcessState;
  readonly pid: number;
  readonly startTicks: number;
  readonly note: string;
  /** Only for a process in uninterruptible sleep: what it waits in. */
  readonly waitChannel: string;
}

export function createProcessProbe({ config }: ProbeSetup): Probe {
  let last: Seen | undefined;
  let lastStartedAtMs = 0;
  let lastExecutable = "";
  let lastCgroup = "";
  let starts = 0;
  let lastLookWasUninterruptible = false;
  let sinceMs = 0;
  let sampledAtUs = Number.NEGATIVE_INFINITY;
  let fact: Fact | undefined;

  function look(context: ProbeContext, stat: ProcessStat | undefined): Seen {
    if (stat === undefined || !isAlive(stat)) {
      lastLookWasUninterruptible = false;
      return {
        state: ProcessState.ABSENT,
        pid: 0,
        startTicks: 0,
        note: context.discoveryNote || "no etcd process",
        waitChannel: "",
      };
    }
    const isUninterruptible = stat.state === "D";
    const state =
      stat.state === "T" || stat.state === "t"
        ? ProcessState.STOPPED
        : isUninterruptible && lastLookWasUninterruptible
          ? ProcessState.UNINTERRUPTIBLE
          : ProcessState.RUNNING;
    lastLookWasUninterruptible = isUninterruptible;
    const isStuck = state === ProcessState.UNINTERRUPTIBLE;
    const waitChannel = isStuck ? (context.host.findWaitChannel(stat.pid) ?? "") : "";
    return { state, pid: stat.pid, startTicks: stat.startTicks, note: "", waitChannel };
  }

  function changes(seen: Seen, startedAtMs: number, nowMs: number): readonly Event[] {
    const before = last?.pid === 0 ? undefined : last;
    const isSame = before?.pid === seen.pid && before.startTicks === seen.startTicks;
    const events: Event[] = [];
    if (before !== undefined && !isSame) {
      events.push(event("process_exited", nowMs, { pid: String(before.pid) }));
    }
    if (seen.pid !== 0 && !isSame) {
      starts += 1;
      // The first one was there before the agent, which did not see it start.
      if (starts > 1) {
        events.push(event("process_started", startedAtMs, { pid: String(seen.pid) }));
      }
    }
    return events;
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const { host, discovered, clock } = context;
    const nowMs = clock.nowMs();
    const pid = discovered?.pid;
    const stat = pid === undefined ? undefined : host.findProcessStat(pid);
    const seen = look(context, stat);
    if (seen.pid !== 0 && discovered !== undefined) {
      lastStartedAtMs = discovered.startedAtMs;
      lastExecutable = discovered.executable;
      if (last?.pid !== seen.pid || last.startTicks !== seen.startTicks) {
        lastCgroup = host.findProcessCgroup(seen.pid) ?? "";
      }
    }
    const isFirst = last === undefined;
    const events = changes(seen, lastStartedAtMs, nowMs);
    if (fact === undefined || last === undefined || !isSameState(last, seen)) {
      if (last?.state !== seen.state || last.pid !== seen.pid) {
        // A process that was there before the first look has been in its state since it started, as far as is known.
        sinceMs = isFirst && seen.state === ProcessState.RUNNING ? lastStartedAtMs : nowMs;
      }
      fact = createFact(seen);
    }
    last = seen;
    const samples =
      stat !== undefined && seen.pid !== 0 && isTimeForSamples(clock.monotonicUs()) ? sample(host, stat) : [];
    return Promise.resolve({
      facts: [fact],
      events,
      samples,
      ...(events.length > 0 ? { trigger: STALE_AFTER_CHANGE } : {}),
    });
  }

  function createFact(seen: Seen): Fact {
    const value = create(ProcessFactSchema, {
      state: seen.state,
      pid: seen.pid,
      startedAtUnixMs: BigInt(lastStartedAtMs),
      executable: lastExecutable,
      restarts: Math.max(0, starts - 1),
      sinceUnixMs: BigInt(sinceMs),
      note: seen.note,
      cgroup: lastCgroup,
      waitChannel: seen.waitChannel,
    });
    return create(FactSchema, { key: "process", body: { case: "process", value } });
  }

  /** The state is looked at each second; the figures, which cost more, at the normal cadence. */
  function isTimeForSamples(nowUs: number): boolean {
    if (nowUs - sampledAtUs < (config.intervals.normalMs - config.intervals.fastMs / 2) * 1000) {
      return false;
    }
    sampledAtUs = nowUs;
    return true;
  }

  return { name: "process", cadence: "fast", timeLimitMs: 1000, run };
}

function isSameState(one: Seen, other: Seen): boolean {
  return (
    one.state === other.state &&
    one.pid === other.pid &&
    one.startTicks === other.startTicks &&
    one.note === other.note
  );
}

function sample(host: HostDoor, stat: ProcessStat): readonly Sample[] {
  const values: readonly (readonly [string, number | undefined])[] = [
    ["process_cpu_seconds_total", stat.cpuSeconds],
    ["process_resident_memory_bytes", host.findResidentBytes(stat.pid)],
    ["process_open_fds", host.findOpenFileCount(stat.pid)],
    ["process_max_fds", host.findOpenFileLimit(stat.pid)],
  ];
  return values.flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

function event(kind: string, atMs: number, attributes: Readonly<Record<string, string>>): Event {
  return create(EventSchema, { atUnixMs: BigInt(atMs), kind, subject: "etcd", attributes });
}

/**
 * How etcd ended, where whoever started it can tell: asked once for each process that has gone, and once of systemd for one that was
 * gone already at the first look.
 */
import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { EtcdscopeError } from "../../shared/errors.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import type { UnitEnd } from "../host/read-unit-end.ts";
import {
  findContainerId,
  listContainerRecords,
  listOomMarks,
  parseContainerEnd,
} from "./parse-container-end.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** The name of a signal is what people know; of others the number is told. */
const SIGNALS: Readonly<Record<number, string>> = {
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
};

/** A runtime writes down the end of a container a moment after it: asked again so often, */
const MAX_LOOKS = 5;
/** this far apart. */
const AGAIN_MS = 1000;
const MAX_RECORD_BYTES = 256 * 1024;

/** Who can tell how a process ended, from its cgroup while it ran. */
type Witness =
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "container"; readonly id: string }
  | undefined;

interface Gone {
  /** undefined: nobody here saw it run. */
  readonly pid: number | undefined;
  readonly witness: Witness;
  looks: number;
}

/** Events of longer ago are not kept: how an etcd ended that has been dead for hours is told as of now, with its time. */
const TOLD_FOR_MS = 50 * 60_000;

export function createProcessEndProbe({ config }: ProbeSetup): Probe {
  let pid: number | undefined;
  let witness: Witness;
  let gone: Gone | undefined;
  let isFirst = true;

  /** One that was dead before this look. */
  async function findUnseen(context: ProbeContext): Promise<Gone | undefined> {
    const { host, signal, discovered, isUndecided } = context;
    if (discovered?.pid !== undefined) {
      isFirst = false;
    }
    if (!isFirst || isUndecided === true) {
      return undefined;
    }
    const found = await findConfiguredEtcd(host, config.etcd, signal);
    isFirst = false;
    const unit =
      found?.starter?.kind === "unit"
        ? found.starter.unit
        : /\/([^/]+\.service)$/.exec(found?.source ?? "")?.[1];
    return unit === undefined ? undefined : { pid: undefined, witness: { kind: "unit", unit }, looks: 0 };
  }

  async function run(context: ProbeContext): Promise<Observation> {
    const { host, discovered } = context;
    const now = discovered?.pid;
    if (pid !== undefined && now !== pid) {
      gone = { pid, witness, looks: 0 };
    }
    if (now !== pid) {
      pid = now;
      witness = now === undefined ? undefined : findWitness(host.findProcessCgroup(now) ?? "");
    }
    gone ??= await findUnseen(context);
    if (gone === undefined) {
      return {};
    }
    const asked = gone;
    asked.looks += 1;
    if (asked.witness?.kind === "container") {
      const found = await readContainerEnd(asked.witness.id, context);
      if (found === undefined && asked.looks < MAX_LOOKS) {
        return { againMs: AGAIN_MS };
      }
      gone = undefined;
      return found === undefined ? {} : tell(asked, found, context);
    }
    gone = undefined;
    if (asked.witness === undefined) {
      throw new EtcdscopeError("NOT_APPLICABLE", "Nobody here can tell how the process ended", {
        reason: "no_supervisor",
      });
    }
    const end = await host.readUnitEnd(asked.witness.unit);
    return end === undefined
      ? {}
      : tell(
          asked,
          { ...end, unit: asked.witness.unit, source: "systemd", endedAtMs: timeOf(end, context) },
          context,
        );
  }

  return { name: "process_end", cadence: "normal", timeLimitMs: 3000, run };
}

interface End {
  readonly unit: string;
  readonly source: string;
  readonly how: string;
  readonly status: number;
  readonly result: string;
  /** Absent: nobody counts them. */
  readonly restarts?: number;
  /** Absent: just now. */
  readonly endedAtMs?: number | undefined;
}

function timeOf({ endedAtUptimeMs }: UnitEnd, { host, clock }: ProbeContext): number | undefined {
  return endedAtUptimeMs === undefined ? undefined : clock.nowMs() - host.readUptimeMs() + endedAtUptimeMs;
}

function tell(gone: Gone, end: End, { clock }: ProbeContext): Observation {
  const nowMs = clock.nowMs();
  // One that was seen to go has just gone, whatever its unit says of an earlier one.
  const endedAtMs = Math.round(gone.pid === undefined ? Math.min(end.endedAtMs ?? nowMs, nowMs) : nowMs);
  const isOld = nowMs - endedAtMs > TOLD_FOR_MS;
  const attributes = {
    ...(gone.pid === undefined ? {} : { pid: String(gone.pid) }),
    unit: end.unit,
    source: end.source,
    how: end.how,
    status: end.how === "exited" ? String(end.status) : (SIGNALS[end.status] ?? String(end.status)),
    result: end.result,
    ...(end.restarts === undefined ? {} : { restarts: String(end.restarts) }),
    ...(isOld ? { endedAt: new Date(endedAtMs).toISOString() } : {}),
  };
  return {
    events: [
      create(EventSchema, {
        atUnixMs: BigInt(Math.round(isOld ? nowMs : endedAtMs)),
        kind: "process_ended",
        subject: "etcd",
        attributes,
      }),
    ],
  };
}

/** undefined: no runtime has written down that it ended. */
async function readContainerEnd(id: string, { host, signal }: ProbeContext): Promise<End | undefined> {
  for (const { runtime, path } of listContainerRecords(id)) {
    const text = await findRecord(path, { host, signal });
    const end = text === undefined ? undefined : parseContainerEnd(runtime, text);
    if (end !== undefined) {
      const isKilled = end.code > 128 && end.code < 128 + 65;
      const isMarked = runtime === "cri-o" && isKilled && (await hasMark(listOomMarks(id), { host, signal }));
      return {
        unit: `container ${id.slice(0, 12)}`,
        source: runtime,
        how: isKilled ? "killed" : "exited",
        status: isKilled ? end.code - 128 : end.code,
        result: isMarked || end.reason === "OOMKilled" ? "oom-kill" : end.reason.toLowerCase(),
      };
    }
  }
  return undefined;
}

async function hasMark(
  paths: readonly string[],
  doors: Pick<ProbeContext, "host" | "signal">,
): Promise<boolean> {
  for (const path of paths) {
    if ((await findRecord(path, doors)) !== undefined) {
      return true;
    }
  }
  return false;
}

async function findRecord(
  path: string,
  { host, signal }: Pick<ProbeContext, "host" | "signal">,
): Promise<string | undefined> {
  try {
    return (await host.readSmallFile(path, MAX_RECORD_BYTES, signal)).toString("utf8");
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    // Another runtime's, or not ours to read.
    return undefined;
  }
}

function findWitness(cgroup: string): Witness {
  const id = findContainerId(cgroup);
  const unit = findUnit(cgroup);
  return id !== undefined
    ? { kind: "container", id }
    : unit === undefined
      ? undefined
      : { kind: "unit", unit };
}

export function findUnit(cgroup: string): string | undefined {
  return /\/([\w@:.\\-]+\.service)$/m.exec(cgroup)?.[1];
}

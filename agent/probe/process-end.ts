/**
 * How etcd ended, where whoever started it can tell: asked once for each process that has gone, and for one that was gone already at
 * the first look until it is told.
 */
import { create } from "@bufbuild/protobuf";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { EtcdscopeError } from "../../shared/errors.ts";
import { findConfiguredEtcd } from "../discovery/find-configured-etcd.ts";
import type { UnitEnd } from "../host/read-unit-end.ts";
import { findPodContainer } from "./find-pod-container.ts";
import { findContainerId } from "./parse-container-end.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";
import { readContainerEnd } from "./read-container-end.ts";
import type { ProcessEnd } from "./read-container-end.ts";

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

/** Who can tell how a process ended, from its cgroup while it ran. */
type Witness =
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "container"; readonly id: string; readonly restarts?: number | undefined }
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
    const { discovered, isUndecided } = context;
    if (discovered?.pid !== undefined) {
      isFirst = false;
    }
    if (!isFirst || isUndecided === true) {
      return undefined;
    }
    const unseen = await findUnseenWitness(context);
    // A container is asked for again until its end is written down.
    isFirst = unseen?.kind === "container";
    return unseen === undefined ? undefined : { pid: undefined, witness: unseen, looks: 0 };
  }

  async function findUnseenWitness(context: ProbeContext): Promise<Witness> {
    const { host, signal } = context;
    const found = await findConfiguredEtcd(host, config.etcd, signal);
    const starter = found?.starter;
    if (starter?.kind === "engine") {
      return { kind: "container", id: starter.id };
    }
    if (starter?.kind === "pod") {
      return { kind: "container", ...(await findPodContainer(config.etcd, context)) };
    }
    const unit =
      starter?.kind === "unit" ? starter.unit : /\/([^/]+\.service)$/.exec(found?.source ?? "")?.[1];
    return unit === undefined ? undefined : { kind: "unit", unit };
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
      return await runOfContainer(asked, asked.witness, context);
    }
    gone = undefined;
    if (asked.witness === undefined) {
      throw unknown("no_supervisor", "Nobody here can tell how the process ended");
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

  async function runOfContainer(
    asked: Gone,
    witness: Witness & { readonly kind: "container" },
    context: ProbeContext,
  ): Promise<Observation> {
    const isUnseen = asked.pid === undefined;
    const found = await readContainerEnd(witness.id, context);
    if (found === undefined && !isUnseen && asked.looks < MAX_LOOKS) {
      return { againMs: AGAIN_MS };
    }
    gone = undefined;
    const container = `container ${witness.id.slice(0, 12)}`;
    if (found === "unseen") {
      throw unknown("end_unseen", `Its runtime was not there when ${container} ended`);
    }
    if (found === undefined && isUnseen) {
      throw unknown("no_record", `No runtime has written down how ${container} ended`);
    }
    isFirst = false;
    return found === undefined
      ? {}
      : tell(asked, { ...found, restarts: witness.restarts ?? found.restarts }, context);
  }

  return { name: "process_end", cadence: "normal", timeLimitMs: 3000, run };
}

function timeOf({ endedAtUptimeMs }: UnitEnd, { host, clock }: ProbeContext): number | undefined {
  return endedAtUptimeMs === undefined ? undefined : clock.nowMs() - host.readUptimeMs() + endedAtUptimeMs;
}

function tell(gone: Gone, end: ProcessEnd, { clock }: ProbeContext): Observation {
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

function unknown(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
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

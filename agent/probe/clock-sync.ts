/**
 * Whether something keeps this node's clock right. How far it is off is measured by the stream; this says why. What the kernel
 * knows (adjtimex) takes a system call that Node does not have, so only the traces of the usual services are read.
 */
import { create } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import { ClockFactSchema, FactSchema, Layer } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Observation, Probe, ProbeContext } from "./probe.ts";

/** By the kernel's short name of the process, at most 15 characters. */
const SERVICES: Readonly<Record<string, string>> = {
  chronyd: "chrony",
  "systemd-timesyn": "timesyncd",
  ntpd: "ntpd",
  "ntpd-rs": "ntpd-rs",
  ptp4l: "ptp4l",
};
/** timesyncd makes it when it has set the clock for the first time since boot, and touches it each time that it has. */
const TIMESYNCD_MARK = "/run/systemd/timesync/synchronized";
/** It asks its server at least every 2048 s unless it is told otherwise (timesyncd.conf(5), PollIntervalMaxSec=): three in a row had no answer. */
const MARK_FRESH_MS = 2 * 3_600_000;
/**
 * Where the others keep how fast the clock drifts: written only by one that hears a time source, about once an hour.
 * An old one proves nothing: a service may be content with what it knows.
 */
const DRIFT_FILES: Readonly<Record<string, readonly string[]>> = {
  chrony: ["/var/lib/chrony/drift", "/var/lib/chrony/chrony.drift"],
  ntpd: ["/var/lib/ntp/ntp.drift", "/var/lib/ntpsec/ntp.drift", "/var/lib/ntp/drift"],
};
const DRIFT_FRESH_MS = 3 * 3_600_000;
const REST_MS = 300_000;

interface Answer {
  readonly synchronized: Layer;
  readonly source: string;
  readonly reason: string;
}

export function createClockSyncProbe(): Probe {
  return { name: "clock_sync", cadence: "slow", timeLimitMs: 2000, run: look };
}

async function look(context: ProbeContext): Promise<Observation> {
  const service = findService(context);
  const answer = await ask(service, context);
  const value = create(ClockFactSchema, { service, ...answer });
  return {
    facts: [create(FactSchema, { key: "clock", body: { case: "clock", value } })],
    restMs: REST_MS,
  };
}

async function ask(service: string, context: ProbeContext): Promise<Answer> {
  if (service === "timesyncd") {
    return await askTimesyncd(context);
  }
  const paths = DRIFT_FILES[service];
  if (paths === undefined) {
    const reason = service === "" ? "no time service that is known runs here" : `${service} leaves no trace`;
    return { synchronized: Layer.UNSPECIFIED, source: "/proc", reason };
  }
  return await askDriftFile(paths, context);
}

async function askTimesyncd(context: ProbeContext): Promise<Answer> {
  const mark = await findModified(TIMESYNCD_MARK, context);
  if (typeof mark === "number") {
    return context.clock.nowMs() - mark < MARK_FRESH_MS
      ? { synchronized: Layer.OK, source: TIMESYNCD_MARK, reason: "" }
      : {
          synchronized: Layer.UNSPECIFIED,
          source: TIMESYNCD_MARK,
          reason: "it last heard a time source more than 2 h ago",
        };
  }
  return mark === "absent"
    ? { synchronized: Layer.FAILED, source: TIMESYNCD_MARK, reason: "it has not set the clock since boot" }
    : { synchronized: Layer.UNSPECIFIED, source: TIMESYNCD_MARK, reason: "its mark may not be looked at" };
}

async function askDriftFile(paths: readonly string[], context: ProbeContext): Promise<Answer> {
  let isUnseen = false;
  for (const source of paths) {
    const modified = await findModified(source, context);
    if (typeof modified === "number") {
      const isFresh = context.clock.nowMs() - modified < DRIFT_FRESH_MS;
      return isFresh
        ? { synchronized: Layer.OK, source, reason: "" }
        : { synchronized: Layer.UNSPECIFIED, source, reason: "it was last written more than 3 h ago" };
    }
    isUnseen ||= modified === "unseen";
  }
  const reason = isUnseen ? "its drift file may not be looked at" : "it has written no drift file yet";
  return { synchronized: Layer.UNSPECIFIED, source: paths[0] ?? "", reason };
}

function findService({ host }: ProbeContext): string {
  for (const pid of host.listProcessIds()) {
    const service = SERVICES[host.findProcessName(pid) ?? ""];
    if (service !== undefined) {
      return service;
    }
  }
  return "";
}

/** When it was last written. */
async function findModified(
  path: string,
  { host, signal }: ProbeContext,
): Promise<number | "absent" | "unseen"> {
  try {
    return (await host.readFileFacts(path, signal)).modifiedAtMs;
  } catch (caught) {
    const error = EtcdscopeError.from(caught);
    if (error.code === "TIMED_OUT") {
      throw error;
    }
    return error.reason === "not_found" ? "absent" : "unseen";
  }
}

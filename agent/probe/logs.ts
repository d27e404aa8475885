/**
 * etcd's own log, followed: lines that are known signs become events. Polled, so that nothing runs while etcd is silent; bounded
 * by bytes a look, so that a flood costs what a little costs and what was jumped over is counted.
 */
import { create } from "@bufbuild/protobuf";
import { posix } from "node:path";
import type { Sample } from "../../shared/frame.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { createLogClassifier } from "../../shared/log/classify.ts";
import type { LogClassifier } from "../../shared/log/classify.ts";
import { redactExcerpt } from "../../shared/log/redact-excerpt.ts";
import { createLineSplitter } from "../../shared/log/split-lines.ts";
import type { LineSplitter } from "../../shared/log/split-lines.ts";
import type { LogPlace } from "../host/read-log-part.ts";
import { LogEventGate } from "./log-event-gate.ts";
import type { LogOccurrence } from "./log-event-gate.ts";
import { chooseContainerLog, choosePodFolder, decideLogSource } from "./log-source.ts";
import type { LogSource } from "./log-source.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

const PODS = "/var/log/pods";
/** At the start, what has just happened is told too. */
const LOOK_BACK_MS = 15 * 60_000;
/** Where the log goes is asked for again this often, and when there is none. */
const RESOLVE_EVERY_MS = 30_000;
/** A look that read this many events has more than anybody reads. */
const MAX_OCCURRENCES = 2000;

interface Following {
  readonly path: string;
  readonly classifier: LogClassifier;
  splitter: LineSplitter;
  place: LogPlace | undefined;
}

export function createLogsProbe({ config }: ProbeSetup): Probe {
  const gate = new LogEventGate();
  const occurrences: LogOccurrence[] = [];
  let following: Following | undefined;
  let resolvedAtMs = Number.NEGATIVE_INFINITY;
  let resolvedPid: number | undefined;
  let linesTotal = 0;
  let skippedBytesTotal = 0;

  async function run(context: ProbeContext): Promise<Observation> {
    const nowMs = context.clock.nowMs();
    const file = await follow(context);
    const isFirst = file.place === undefined;
    const part = await context.host.readLogPart(file.path, file.place, context.signal);
    const events: Event[] = [];
    if (part.isNewFile || part.skippedBytes > 0) {
      file.splitter = splitterFor(file, isFirst ? nowMs - LOOK_BACK_MS : 0, nowMs);
    }
    skippedBytesTotal += part.skippedBytes;
    file.place = part.place;
    file.splitter.push(part.bytes);
    events.push(...gate.take(occurrences.splice(0), nowMs));
    if (part.skippedBytes > 0) {
      events.push(skippedEvent(part.skippedBytes, nowMs));
    }
    return { events, samples: isFirst || part.bytes.length > 0 ? totals() : [] };
  }

  function totals(): Sample[] {
    return [
      { key: "etcdscope_log_lines_total", value: linesTotal },
      { key: "etcdscope_log_skipped_bytes_total", value: skippedBytesTotal },
    ];
  }

  /** Resolves again when the process is another one, and now and then: a pod's log moves with each start. */
  async function follow(context: ProbeContext): Promise<Following> {
    const nowMs = context.clock.monotonicUs() / 1000;
    const pid = context.discovered?.pid;
    const isStale = pid !== resolvedPid || nowMs - resolvedAtMs >= RESOLVE_EVERY_MS;
    // Without a process its log is still where it was.
    if (following !== undefined && (pid === undefined || !isStale)) {
      return following;
    }
    const path = await findPath(context);
    following = following?.path === path ? following : startAt(path, context.clock.nowMs());
    resolvedAtMs = nowMs;
    resolvedPid = pid;
    return following;
  }

  function startAt(path: string, nowMs: number): Following {
    const classifier = createLogClassifier(nowMs);
    const file = { path, classifier, place: undefined };
    return { ...file, splitter: splitterFor(file, nowMs - LOOK_BACK_MS, nowMs) };
  }

  function splitterFor(
    file: Pick<Following, "classifier">,
    notBeforeMs: number,
    nowMs: number,
  ): LineSplitter {
    file.classifier.reset();
    return createLineSplitter((line) => {
      linesTotal += 1;
      const event = file.classifier.classify(line);
      const atMs = event?.atMs ?? nowMs;
      if (event !== undefined && atMs >= notBeforeMs && occurrences.length < MAX_OCCURRENCES) {
        occurrences.push({ code: event.code, severity: event.severity, atMs, excerpt: redactExcerpt(line) });
      }
    });
  }

  async function findPath(context: ProbeContext): Promise<string> {
    const { host, discovered } = context;
    const pid = discovered?.pid;
    const source = decideLogSource(config.etcd.logs, {
      errorOutput: pid === undefined ? undefined : host.findProcessErrorOutput(pid),
      cgroup: pid === undefined ? undefined : host.findProcessCgroup(pid),
      rootPrefix: discovered?.rootPrefix ?? "",
    });
    switch (source.kind) {
      case "file":
        return source.path;
      case "pod":
        return await findPodLog(context, source);
      case "off":
        throw skipped("disabled", "Reading etcd's log is switched off in the configuration");
      case "unknown":
        throw skipped(source.reason, source.because);
    }
  }

  // When etcd ends or starts, the process probe asks for a look at once.
  return { name: "logs", cadence: "normal", timeLimitMs: 2000, run };
}

async function findPodLog(
  context: ProbeContext,
  source: LogSource & { readonly kind: "pod" },
): Promise<string> {
  const { host, signal } = context;
  const folder = choosePodFolder(await host.listDirectory(PODS, signal), source.podUid);
  if (folder === undefined) {
    throw skipped("no_log", `No folder of etcd's pod ${source.podUid ?? ""} is below ${PODS}`);
  }
  const containers = await host.listDirectory(posix.join(PODS, folder), signal);
  const container = containers.includes("etcd") ? "etcd" : (containers[0] ?? "");
  const directory = posix.join(PODS, folder, container);
  const log = chooseContainerLog(await host.listDirectory(directory, signal));
  if (log === undefined) {
    throw skipped("no_log", `There is no container log in ${directory}`);
  }
  return posix.join(directory, log);
}

function skippedEvent(bytes: number, nowMs: number): Event {
  const attributes = { bytes: String(bytes) };
  return create(EventSchema, { atUnixMs: BigInt(nowMs), kind: "log_skipped", subject: "etcd", attributes });
}

function skipped(reason: string, sentence: string): EtcdscopeError {
  return new EtcdscopeError("NOT_APPLICABLE", sentence, { reason });
}

/**
 * etcd's own log, followed: lines that are known signs become events. Polled, so that nothing runs while etcd is silent; bounded
 * by bytes a look, so that a flood costs what a little costs and what was jumped over is counted. The place is kept over a restart.
 */
import { create } from "@bufbuild/protobuf";
import type { Sample } from "../../shared/frame.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { EventSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { createLogClassifier } from "../../shared/log/classify.ts";
import type { LogClassifier } from "../../shared/log/classify.ts";
import { redactExcerpt } from "../../shared/log/redact-excerpt.ts";
import { createPartJoiner } from "../../shared/log/join-parts.ts";
import { createLineSplitter } from "../../shared/log/split-lines.ts";
import type { LineSplitter } from "../../shared/log/split-lines.ts";
import { findLog } from "./find-log.ts";
import type { FoundLog } from "./find-log.ts";
import { FollowedFile, isOfOneWriter } from "./followed-file.ts";
import { FollowedJournal } from "./followed-journal.ts";
import { LAST_WORDS_FACT, lastWordsFact, MAX_LAST_WORDS, MAX_SAID } from "./last-words.ts";
import type { LastWord } from "./last-words.ts";
import { LogEventGate } from "./log-event-gate.ts";
import type { LogOccurrence } from "./log-event-gate.ts";
import { createLogMemory } from "./log-memory.ts";
import type { KeptLog } from "./log-memory.ts";
import type { LogPosition } from "./log-position.ts";
import type { Observation, Probe, ProbeContext, ProbeSetup } from "./probe.ts";

/** At the first start ever, what has just happened is told too. */
const LOOK_BACK_MS = 15 * 60_000;
/** Where the log goes is asked for again this often, and when there is none. */
const RESOLVE_EVERY_MS = 30_000;
/** While none runs, what it says at its next attempt to start is wanted soon. */
const AGAIN_WITHOUT_ETCD_MS = 2000;
/** There is more of a flood, or the journal has only been opened. */
const AGAIN_FOR_MORE_MS = 1000;
/** A look that read this many events has more than anybody reads. */
const MAX_OCCURRENCES = 2000;

/** What one look at a source gave. */
export interface LogLook {
  /** In the order in which they were written; a boundary says that what was incomplete does not go on. */
  readonly parts: readonly { readonly bytes: Buffer; readonly isBoundary: boolean }[];
  readonly skippedBytes: number;
  /** Behind all that was looked at; undefined: not known yet. */
  readonly position: LogPosition | undefined;
  readonly hasMore: boolean;
}

export interface FollowedLog {
  look(context: ProbeContext): Promise<LogLook>;
  /** What it follows, as FoundLog names it. */
  readonly key: string;
  /** Without a process to tell, whether `found` can be where the same etcd goes on. */
  mayBecome(found: FoundLog): boolean;
}

export function createLogsProbe({ config, log, positions }: ProbeSetup): Probe {
  const gate = new LogEventGate();
  const occurrences: LogOccurrence[] = [];
  let followed: FollowedLog | undefined;
  let classifier: LogClassifier | undefined;
  let splitter: LineSplitter | undefined;
  const memory = createLogMemory(positions, log);
  let notBeforeMs = 0;
  let resolvedAtMs = Number.NEGATIVE_INFINITY;
  let resolvedPid: number | undefined;
  let linesTotal = 0;
  let skippedBytesTotal = 0;
  /** The newest critical signs since it last served, however old: what an etcd that ended long ago ended with. */
  let lastWords: readonly LastWord[] = [];

  async function run(context: ProbeContext): Promise<Observation> {
    const nowMs = context.clock.nowMs();
    const kept = await memory.recall();
    const isFirst = followed === undefined;
    const source = await follow(context, kept);
    const look = await source.look(context);
    for (const { bytes, isBoundary } of look.parts) {
      if (isBoundary || splitter === undefined) {
        splitter?.end();
        splitter = createSplitter(nowMs);
      }
      splitter.push(bytes);
    }
    const isAbsent = context.discovered?.pid === undefined;
    if (isAbsent && look.parts.length === 0) {
      // Nobody will write the rest of it: a runtime marks what a process did not finish as a part.
      splitter?.end();
    }
    skippedBytesTotal += look.skippedBytes;
    const servedAtMs = classifier?.servedAtsMs().at(-1) ?? 0;
    lastWords = lastWords.filter(({ atMs }) => atMs >= servedAtMs);
    if (look.position !== undefined) {
      await memory.keep(look.position, lastWords);
    }
    // by the clock that nobody sets: events must not wait an hour for their turn
    const events = gate.take(occurrences.splice(0), context.clock.monotonicUs() / 1000);
    if (look.skippedBytes > 0) {
      events.push(skippedEvent(look.skippedBytes, nowMs));
    }
    const hasRead = look.parts.length > 0;
    const again = look.hasMore ? AGAIN_FOR_MORE_MS : isAbsent ? AGAIN_WITHOUT_ETCD_MS : undefined;
    return {
      events,
      samples: isFirst || hasRead ? totals() : [],
      ...(isAbsent ? { facts: [lastWordsFact(lastWords, source.key)] } : { removedFacts: [LAST_WORDS_FACT] }),
      ...(again === undefined ? {} : { againMs: again }),
    };
  }

  function totals(): Sample[] {
    return [
      { key: "etcdscope_log_lines_total", value: linesTotal },
      { key: "etcdscope_log_skipped_bytes_total", value: skippedBytesTotal },
    ];
  }

  /** Resolves again when the process is another one, while there is none, and now and then: a pod's log moves with each start. */
  async function follow(context: ProbeContext, kept: KeptLog): Promise<FollowedLog> {
    const nowMs = context.clock.monotonicUs() / 1000;
    const pid = context.discovered?.pid;
    const isStale = pid === undefined || pid !== resolvedPid || nowMs - resolvedAtMs >= RESOLVE_EVERY_MS;
    if (followed !== undefined && !isStale) {
      return followed;
    }
    const found = await findLogOrLast(context);
    if (found !== undefined && (pid !== undefined || followed?.mayBecome(found) !== false)) {
      startAt(found, context, kept);
      resolvedAtMs = nowMs;
      resolvedPid = pid;
    }
    if (followed === undefined) {
      throw new EtcdscopeError("INTERNAL", "A log was found and is not followed");
    }
    return followed;
  }

  /** Without a process its log is still where it was; also of one that has gone since it was found. */
  async function findLogOrLast(context: ProbeContext): Promise<FoundLog | undefined> {
    try {
      return await findLog(config.etcd, context);
    } catch (caught) {
      const pid = context.discovered?.pid;
      const isGone = pid === undefined || context.host.findProcessStat(pid) === undefined;
      if (followed !== undefined && isGone) {
        return undefined;
      }
      throw caught;
    }
  }

  function startAt(found: FoundLog, context: ProbeContext, kept: KeptLog): void {
    if (followed?.key === found.key) {
      return;
    }
    const from = followed === undefined ? kept.position : undefined;
    const sinceMs = context.clock.nowMs() - LOOK_BACK_MS;
    if (followed instanceof FollowedFile && found.kind === "file") {
      // The last words of the start before are in another file.
      followed.moveTo(found.path);
      return;
    }
    if (followed instanceof FollowedJournal) {
      followed.close(context);
    }
    classifier = createLogClassifier(context.clock.nowMs());
    splitter = undefined;
    let goesOn: boolean;
    if (found.kind === "journal") {
      const cursor = from?.kind === "journal" && from.match === found.match ? from.cursor : undefined;
      followed = new FollowedJournal(found.match, { cursor, sinceMs });
      goesOn = cursor !== undefined;
    } else {
      const place = from?.kind === "file" && isOfOneWriter(from.path, found.path) ? from : undefined;
      followed = new FollowedFile({ path: found.path, from: place, sinceMs });
      goesOn = place !== undefined;
    }
    // Of another log, and at the first start ever, what is young is told.
    notBeforeMs = goesOn ? 0 : sinceMs;
    lastWords = goesOn ? kept.lastWords : [];
  }

  function createSplitter(nowMs: number): LineSplitter {
    classifier ??= createLogClassifier(nowMs);
    classifier.reset();
    const joiner = createPartJoiner();
    const splitter = createLineSplitter((line) => {
      linesTotal += 1;
      const whole = joiner.push(line);
      if (whole !== undefined) {
        take(whole, nowMs);
      }
    });
    return {
      push: (chunk) => splitter.push(chunk),
      end: () => {
        splitter.end();
        joiner.end().forEach((line) => take(line, nowMs));
      },
    };
  }

  function take(line: string, nowMs: number): void {
    const event = classifier?.classify(line);
    const atMs = event?.atMs ?? nowMs;
    if (event === undefined || occurrences.length >= MAX_OCCURRENCES) {
      return;
    }
    const isYoung = atMs >= notBeforeMs;
    if (!isYoung && event.severity !== "critical") {
      return;
    }
    const { code, severity, parsed } = event;
    const text = parsed.error === "" ? parsed.message : `${parsed.message}: ${parsed.error}`;
    const said = redactExcerpt(text).slice(0, MAX_SAID);
    if (isYoung) {
      occurrences.push({ code, severity, atMs, excerpt: redactExcerpt(line), said });
    }
    if (severity === "critical") {
      lastWords = [...lastWords, { code, atMs, said }].slice(-MAX_LAST_WORDS);
    }
  }

  // When etcd ends or starts, the process probe asks for a look at once.
  return { name: "logs", cadence: "normal", timeLimitMs: 3000, run };
}

function skippedEvent(bytes: number, nowMs: number): Event {
  const attributes = { bytes: String(bytes) };
  return create(EventSchema, { atUnixMs: BigInt(nowMs), kind: "log_skipped", subject: "etcd", attributes });
}

/** The history as the rest of the collector sees it: joins the writer's thread, the readers' and the names' numbers. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import { packFrames, unpackFrames } from "./frame-batch.ts";
import type { HistoryDoor } from "./history-door.ts";
import { createNameDictionary, type NameDictionary } from "./name-dictionary.ts";
import { createSeenSeries } from "./seen-series.ts";
import { createWorkerHandle, type WorkerHandle } from "./worker-handle.ts";
import type { FrameSelection, ReaderCalls, WriterCalls } from "./worker-protocol.ts";

/** Frames read and decoded in one go, between which other work has its turn. */
const PAGE_FRAMES = 500;
const RETENTION_INTERVAL_MS = 10_000;
/** Between two steps of one clean-up: commits have their turn. */
const RETENTION_STEP_PAUSE_MS = 100;
/** Findings are small and kept beyond the frames that they came from. */
const FINDINGS_KEPT_MS = 400 * 24 * 3600 * 1000;

export interface HistoryOptions {
  readonly path: string;
  /** Age beyond which frames go. */
  readonly rawMs: number;
  /** Size beyond which the oldest frames go, whatever their age. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface HistoryProblem {
  readonly code: "DAMAGED_FILE_SET_ASIDE" | "NOT_WRITABLE" | "NAMES_FULL";
  readonly message: string;
  readonly sinceMs: number;
}

export interface History extends HistoryDoor {
  /**
   * Rejects with CONFIG_INVALID when the file must not be used (a newer etcdscope's, another program's). Anything else
   * that is wrong is a problem, and is tried again.
   */
  start(): Promise<void>;
  /** What is wrong now, or was when the history began. */
  problems(): readonly HistoryProblem[];
  fileBytes(): number;
}

export function createHistory(options: HistoryOptions): History {
  const { path, clock, log } = options;
  const seenSeries = createSeenSeries();
  let dictionary: NameDictionary | undefined;
  let isKnownDamaged = false;
  let damaged: HistoryProblem | undefined;
  let notWritable: HistoryProblem | undefined;
  let namesFull: HistoryProblem | undefined;
  let fileBytes = 0;
  let retention: Timer | undefined;
  let isClosed = false;

  const writer: WorkerHandle<WriterCalls> = createWorkerHandle<WriterCalls>({
    file: new URL("./writer-worker.ts", import.meta.url),
    clock,
    log,
    openInput: () => {
      dictionary = undefined;
      return { path, nowMs: clock.nowMs(), isKnownDamaged };
    },
    onOpened: ({ names, damagedFile }) => {
      dictionary = createNameDictionary(names);
      seenSeries.forget();
      isKnownDamaged = false;
      if (damagedFile !== undefined) {
        reportDamage(damagedFile);
      }
    },
  });
  const frameReader = createReaderHandle();
  const trendReader = createReaderHandle();

  function createReaderHandle(): WorkerHandle<ReaderCalls> {
    return createWorkerHandle<ReaderCalls>({
      file: new URL("./reader-worker.ts", import.meta.url),
      clock,
      log,
      openInput: () => ({ path }),
      onOpened: () => undefined,
    });
  }

  function reportDamage(damagedFile: string): void {
    const message = `The history could not be read; it was put aside as ${damagedFile} and a new one begun`;
    damaged = { code: "DAMAGED_FILE_SET_ASIDE", message, sinceMs: clock.nowMs() };
    log.error({ path, damagedFile }, "History was damaged: it was put aside and a new one begun.");
    // they may hold the old file
    frameReader.restart();
    trendReader.restart();
  }

  async function start(): Promise<void> {
    try {
      await writer.start();
    } catch (error) {
      const translated = EtcdscopeError.from(error, "STORAGE_FAILED");
      if (!translated.retryable) {
        await writer.stop();
        throw translated;
      }
      noteFailure(translated);
      writer.restart();
    }
    await Promise.all([startReader(frameReader), startReader(trendReader)]);
    scheduleRetention(RETENTION_INTERVAL_MS);
  }

  async function startReader(reader: WorkerHandle<ReaderCalls>): Promise<void> {
    try {
      await reader.start();
    } catch (error) {
      log.warn({ error }, "Reader of the history could not be started; trying again.");
      reader.restart();
    }
  }

  function noteFailure(error: EtcdscopeError): void {
    if (notWritable === undefined) {
      log.error({ error }, "History cannot be written: frames are not acknowledged until it can.");
    }
    // That it is not open says less than what keeps it from being opened.
    const known = error.reason === "not_open" ? notWritable?.message : undefined;
    notWritable = {
      code: "NOT_WRITABLE",
      message: known ?? error.message,
      sinceMs: notWritable?.sinceMs ?? clock.nowMs(),
    };
  }

  function noteSuccess(): void {
    if (notWritable !== undefined) {
      notWritable = undefined;
      log.info({ path }, "History can be written again.");
    }
  }

  async function append(frames: readonly ReceivedFrame[]): Promise<void> {
    try {
      await appendNow(frames);
      noteSuccess();
    } catch (error) {
      const translated = EtcdscopeError.from(error, "STORAGE_FAILED");
      noteFailure(translated);
      seenSeries.forget();
      if (translated.code === "STORAGE_CORRUPT") {
        isKnownDamaged = true;
        writer.restart();
      }
      throw translated;
    }
  }

  async function appendNow(frames: readonly ReceivedFrame[]): Promise<void> {
    const names = dictionary;
    if (names === undefined) {
      throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
    }
    const { batch, streamSeries } = packFrames(frames, { dictionary: names, seenSeries });
    const table = names.unconfirmed();
    await writer.call("append", { batch, names: table, streamSeries }, [
      batch.rows.buffer,
      batch.blobs.buffer,
      streamSeries.buffer,
    ]);
    names.confirm(table);
    if (names.leftOutTotal() > 0 && namesFull === undefined) {
      const message = "The history holds as many different series as it can: new ones are not recorded";
      namesFull = { code: "NAMES_FULL", message, sinceMs: clock.nowMs() };
      log.error({ path }, "History holds as many different series as it can: new ones are not recorded.");
    }
  }

  async function readSelection(selection: FrameSelection): Promise<readonly ReceivedFrame[]> {
    const ids = await frameReader.call("selectFrames", selection);
    const all: ReceivedFrame[] = [];
    let unreadable = 0;
    for (let at = 0; at < ids.length; at += PAGE_FRAMES) {
      const page = ids.slice(at, at + PAGE_FRAMES);
      const batch = await frameReader.call("readFrames", page, [page.buffer]);
      if (dictionary === undefined) {
        throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
      }
      const unpacked = unpackFrames(batch, dictionary);
      all.push(...unpacked.frames);
      unreadable += unpacked.unreadable;
      await nextTurn();
    }
    if (unreadable > 0) {
      log.warn({ unreadable }, "Some frames of the history cannot be read and are passed over.");
    }
    return all;
  }

  function scheduleRetention(delayMs: number): void {
    if (!isClosed) {
      retention = clock.after(delayMs, () => {
        runRetention().catch((error: unknown) => {
          log.warn({ error }, "Old frames could not be removed; trying again.");
          scheduleRetention(RETENTION_INTERVAL_MS);
        });
      });
    }
  }

  async function runRetention(): Promise<void> {
    const nowMs = clock.nowMs();
    const answer = await writer.call("retain", {
      framesBeforeMs: nowMs - options.rawMs,
      findingsBeforeMs: nowMs - FINDINGS_KEPT_MS,
      maxBytes: options.maxBytes,
    });
    fileBytes = answer.fileBytes;
    scheduleRetention(answer.hasMore ? RETENTION_STEP_PAUSE_MS : RETENTION_INTERVAL_MS);
  }

  return {
    start,
    append,
    lastSequence: async (agent, instanceId) =>
      BigInt(
        await writer.call("lastSequence", {
          cluster: agent.cluster,
          node: agent.node,
          instanceId,
          agentVersion: "",
        }),
      ),
    heldSequences: (agent, instanceId) =>
      writer.call("heldSequences", { ...agent, instanceId, agentVersion: "" }),
    framesSince: (sinceMs) => readSelection({ kind: "received", sinceMs }),
    frames: (cluster, fromMs, toMs) => readSelection({ kind: "captured", cluster, fromMs, toMs }),
    saveFindings: async (cluster, findings) => {
      await writer.call("saveFindings", { cluster, findings });
    },
    findings: (cluster, fromMs, toMs) => frameReader.call("findings", { cluster, fromMs, toMs }),
    activeFindings: async () => new Map(await frameReader.call("activeFindings", undefined)),
    saveIncidents: async (incidents) => {
      await writer.call("saveIncidents", { incidents });
    },
    incidents: (cluster, fromMs, toMs) => frameReader.call("incidents", { cluster, fromMs, toMs }),
    incident: (cluster, id) => frameReader.call("incident", { cluster, id }),
    recentIncidents: (sinceMs) => frameReader.call("recentIncidents", { sinceMs }),
    saveNotes: async (cluster, notes) => {
      await writer.call("saveNotes", { cluster, notes });
    },
    notes: (query) => frameReader.call("notes", query),
    clusters: () => frameReader.call("clusters", undefined),
    knownSeries: (cluster) => trendReader.call("knownSeries", { cluster }),
    series: (query) => trendReader.call("series", query),
    problems: () => [damaged, notWritable, namesFull].filter((one) => one !== undefined),
    fileBytes: () => fileBytes,
    close: async () => {
      isClosed = true;
      retention?.cancel();
      // the last to close folds the write-ahead log into the file, which a reader may not
      await Promise.all([frameReader.stop(), trendReader.stop()]);
      await writer.stop();
    },
  };
}

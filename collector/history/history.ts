/** The history as the rest of the collector sees it: joins the writer's thread, the readers' and the names' numbers. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import { isFileDamaged, isUnreadable } from "./damage.ts";
import { createFactChanges } from "./fact-changes.ts";
import { packFrames, unpackFrames } from "./frame-batch.ts";
import type { FactsQuery, HistoryDoor, NodeThen } from "./history-door.ts";
import { createHistoryProblems, type HistoryProblem } from "./history-problems.ts";
import { createMaintenance } from "./maintenance.ts";
import { createNameDictionary, type NameDictionary } from "./name-dictionary.ts";
import { unpackTrends } from "./packed-trends.ts";
import { joinNodes, toFactChange, toNodeEvent } from "./read-documents.ts";
import { createSeenSeries } from "./seen-series.ts";
import { createWaitingFrames, type WaitingFrame } from "./waiting-frame.ts";
import { createWorkerHandle, type WorkerHandle } from "./worker-handle.ts";
import type { CompactorCalls, FrameBatch, FramePage, ReaderCalls, WriterCalls } from "./worker-protocol.ts";

/** Frames read and decoded in one go, between which other work has its turn. */
const PAGE_FRAMES = 500;
/** Frames of one answer, at most. */
const MAX_FRAMES = 1_000_000;

const DEFAULT_ROLLUPS_MS = 400 * 24 * 3_600_000;
const DEFAULT_AROUND_MS = 3_600_000;

export interface HistoryOptions {
  readonly path: string;
  /** Age beyond which full resolution becomes roll-ups. */
  readonly rawMs: number;
  /** Age beyond which roll-ups, findings, facts and events go; 400 days when left out. */
  readonly rollupsMs?: number;
  /** Full resolution is kept this long before and after a kept span; an hour when left out. */
  readonly aroundIncidentsMs?: number;
  /** Size beyond which the oldest goes, whatever its age. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
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
  const factChanges = createFactChanges();
  const waitingFrames = { live: createWaitingFrames(), kept: createWaitingFrames() };
  let dictionary: NameDictionary | undefined;
  let isKnownDamaged = false;
  /** The file, by its number, in which the compactor found the landing area broken. */
  let brokenFile: number | undefined;
  /** Counts the files begun: what was prepared on one is not written to the next. */
  let fileNumber = 0;
  /** Readings of what landed by its rows' numbers, under which none may be packed. */
  let readingRows = 0;

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
      forgetWhatIsKnown();
      isKnownDamaged = false;
      if (damagedFile !== undefined) {
        reportDamage(damagedFile);
      }
    },
    onFailed: (error) => {
      if (isFileDamaged(error)) {
        putAside(error);
      }
    },
  });
  const frameReader = createReaderHandle();
  const trendReader = createReaderHandle();
  const compactor: WorkerHandle<CompactorCalls> = createWorkerHandle<CompactorCalls>({
    file: new URL("./compactor-worker.ts", import.meta.url),
    clock,
    log,
    openInput: () => ({ path }),
    onOpened: () => undefined,
    onFailed: (error) => {
      if (isFileDamaged(error)) {
        confirmDamage(error);
      }
    },
  });
  const readers = [frameReader, trendReader, compactor];
  const maintenance = createMaintenance({
    ...options,
    rollupsMs: options.rollupsMs ?? DEFAULT_ROLLUPS_MS,
    aroundIncidentsMs: options.aroundIncidentsMs ?? DEFAULT_AROUND_MS,
    retain: (request) => writer.call("retain", request),
    plan: (request) => compactor.call("plan", request),
    store: async (work) => {
      await writer.call("store", work);
    },
    onTrouble: (trouble) => {
      if ((trouble.kind === "compact" || trouble.kind === "pack") && isFileDamaged(trouble)) {
        confirmDamage(new EtcdscopeError(trouble.code, trouble.message));
      } else {
        problems.unreadable(trouble.message);
      }
    },
    fileNumber: () => fileNumber,
    mayPack: () => readingRows === 0,
  });

  const problems = createHistoryProblems({
    path,
    clock,
    log,
    dictionary: () => dictionary,
    maintenance: () => maintenance.failure(),
  });

  /** The compactor only reads: that the file is broken counts when one that is opened anew says it too. */
  function confirmDamage(error: EtcdscopeError): void {
    if (brokenFile === fileNumber) {
      putAside(error);
    } else {
      log.warn({ error }, "History seems to be damaged; looking again.");
      brokenFile = fileNumber;
      compactor.restart();
    }
  }

  /** The writer's thread does it when it is started again. */
  function putAside(error: EtcdscopeError): void {
    if (!isKnownDamaged) {
      log.error({ error }, "History is damaged: it is put aside.");
      isKnownDamaged = true;
      writer.restart();
    }
  }

  function forgetWhatIsKnown(): void {
    seenSeries.forget();
    factChanges.forget();
  }

  function createReaderHandle(): WorkerHandle<ReaderCalls> {
    return createWorkerHandle<ReaderCalls>({
      file: new URL("./reader-worker.ts", import.meta.url),
      clock,
      log,
      openInput: () => ({ path }),
      onOpened: () => undefined,
      onFailed: (error) => {
        if (isUnreadable(error)) {
          problems.unreadable(error.message);
        }
      },
    });
  }

  function reportDamage(damagedFile: string): void {
    problems.setAside(damagedFile);
    fileNumber += 1;
    // they may hold the old file
    readers.forEach((reader) => reader.restart());
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
      problems.failed(translated);
      writer.restart();
    }
    await Promise.all(readers.map(startReader));
    maintenance.start();
  }

  async function startReader(reader: Pick<WorkerHandle<ReaderCalls>, "start" | "restart">): Promise<void> {
    try {
      await reader.start();
    } catch (error) {
      log.warn({ error }, "Reader of the history could not be started; trying again.");
      reader.restart();
    }
  }

  async function append(frames: readonly WaitingFrame[]): Promise<void> {
    try {
      await appendNow(frames);
      problems.written();
    } catch (error) {
      const translated = EtcdscopeError.from(error, "STORAGE_FAILED");
      problems.failed(translated);
      forgetWhatIsKnown();
      throw translated;
    }
  }

  async function appendNow(frames: readonly WaitingFrame[]): Promise<void> {
    const names = dictionary;
    if (names === undefined) {
      throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
    }
    const { batch, streamSeries, documents } = packFrames(frames, {
      dictionary: names,
      seenSeries,
      factChanges,
    });
    const table = names.unconfirmed();
    await writer.call("append", { batch, names: table, streamSeries, documents }, [
      batch.rows.buffer,
      batch.blobs.buffer,
      streamSeries.buffer,
    ]);
    names.confirm(table);
  }

  async function readReceived(sinceMs: number): Promise<readonly ReceivedFrame[]> {
    readingRows += 1;
    try {
      return await readReceivedNow(sinceMs);
    } finally {
      readingRows -= 1;
    }
  }

  async function readReceivedNow(sinceMs: number): Promise<readonly ReceivedFrame[]> {
    const { rows, packs, blocks } = await frameReader.call("selectReceived", { sinceMs });
    const all: ReceivedFrame[] = [];
    const addSome = async (batch: Promise<FrameBatch>): Promise<void> => {
      all.push(...unpack(await batch).filter(({ receivedAtMs }) => receivedAtMs >= sinceMs));
      await nextTurn();
    };
    for (const block of blocks) {
      await addSome(frameReader.call("readBlock", { block }));
    }
    for (const pack of packs) {
      await addSome(frameReader.call("readPack", { pack }));
    }
    for (let at = 0; at < rows.length; at += PAGE_FRAMES) {
      const page = rows.slice(at, at + PAGE_FRAMES);
      all.push(...unpack(await frameReader.call("readRows", page, [page.buffer])));
      await nextTurn();
    }
    return blocks.length + packs.length === 0
      ? all
      : all.sort((one, other) => one.receivedAtMs - other.receivedAtMs);
  }

  async function readSpan(cluster: string, fromMs: number, toMs: number): Promise<readonly ReceivedFrame[]> {
    const all: ReceivedFrame[] = [];
    let next: number | undefined = fromMs;
    while (next !== undefined) {
      const page: FramePage = await frameReader.call("readSpan", { cluster, fromMs: next, toMs });
      all.push(...unpack(page.batch));
      if (all.length > MAX_FRAMES) {
        throw new EtcdscopeError("LIMIT_EXCEEDED", `Expected a span of at most ${MAX_FRAMES} frames`);
      }
      next = page.nextMs;
      await nextTurn();
    }
    return all;
  }

  async function readFactsAt(query: FactsQuery): Promise<readonly NodeThen[]> {
    const { batch, rolledUp } = await frameReader.call("lastBefore", query);
    const frames = unpack(batch);
    // Of a cluster whose nodes are all heard there is nothing to read.
    return frames.length + rolledUp.length === 0
      ? []
      : joinNodes(await frameReader.call("factsAt", query), frames, rolledUp);
  }

  function unpack(batch: FrameBatch): readonly ReceivedFrame[] {
    if (dictionary === undefined) {
      throw new EtcdscopeError("STORAGE_FAILED", "History is not open", { reason: "not_open" });
    }
    const { frames, unreadable } = unpackFrames(batch, dictionary);
    if (unreadable > 0) {
      log.warn({ unreadable }, "Some frames of the history cannot be read and are passed over.");
    }
    return frames;
  }

  return {
    start,
    encode: (received, lane) =>
      dictionary === undefined ? received : waitingFrames[lane].encode(received, dictionary),
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
    framesSince: readReceived,
    frames: readSpan,
    keepSpan: async (cluster, fromMs, toMs) => {
      await writer.call("keepSpan", { cluster, fromMs: Math.floor(fromMs), toMs: Math.ceil(toMs) });
    },
    changes: async (query) => (await frameReader.call("changes", query)).map(toFactChange),
    factsAt: readFactsAt,
    events: async (cluster, fromMs, toMs) =>
      (await frameReader.call("events", { cluster, fromMs, toMs })).map(toNodeEvent),
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
    lastFrames: () => frameReader.call("lastFrames", undefined),
    knownSeries: (cluster) => trendReader.call("knownSeries", { cluster }),
    series: async (query) => unpackTrends(await trendReader.call("series", query)),
    problems: () => problems.list(),
    fileBytes: () => maintenance.fileBytes(),
    close: async () => {
      maintenance.stop();
      // the last to close folds the write-ahead log into the file, which a reader may not
      await Promise.all(readers.map((reader) => reader.stop()));
      await writer.stop();
    },
  };
}

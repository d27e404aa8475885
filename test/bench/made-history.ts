/** A history of many hours, made of real frames with shifted time and noise, written and compacted by the product's own code. */
import { createCompactor } from "../../collector/history/compactor.ts";
import { openDatabase, openForReading } from "../../collector/history/database.ts";
import { createFactChanges } from "../../collector/history/fact-changes.ts";
import { packFrames } from "../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../collector/history/seen-series.ts";
import { createWriter } from "../../collector/history/writer.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import { createNoise } from "./noise.ts";

const BATCH_FRAMES = 1000;
/** As often the collector looks (maintenance.ts). */
const LOOK_MS = 10_000;

export interface MadeHistory {
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames: number;
  readonly samples: number;
  readonly probeRuns: number;
  /** CPU of packing and storing blocks, in milliseconds a block. */
  readonly blockMs: readonly number[];
  /** CPU of all packing of what landed, in milliseconds. */
  readonly packMs: number;
  /** For how long commits wait while a block is stored and the rows that it replaces go, in milliseconds. */
  readonly storeMs: readonly number[];
}

export interface MadeHistoryOptions {
  readonly path: string;
  readonly real: readonly Frame[];
  readonly count: number;
  readonly stepMs: number;
  readonly nowMs: number;
  /** Every frame has every series, as where samples come at one cadence. */
  readonly isDense: boolean;
  /** What landed is packed and compacted at the times at which it would be, instead of at the end. */
  readonly isKeptUp?: boolean;
  /** Whose frames these are; a run of its own. */
  readonly node?: string;
}

/** Ends at nowMs. The same options give the same frames. */
export function makeHistory(options: MadeHistoryOptions): MadeHistory {
  const { count, stepMs, nowMs, node = "m1" } = options;
  const { db } = openDatabase({ path: options.path, nowMs, isKnownDamaged: false });
  const writer = createWriter(db);
  const dictionary = createNameDictionary(writer.names());
  const context = { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() };
  const fromMs = nowMs - count * stepMs;
  const next = createNoise(options.real, options);
  const totals = { samples: 0, probeRuns: 0 };
  for (let first = 0; first < count; first += BATCH_FRAMES) {
    const frames = Array.from({ length: Math.min(BATCH_FRAMES, count - first) }, (_, i): ReceivedFrame => {
      const frame = next(first + i, fromMs + (first + i) * stepMs);
      totals.samples += frame.samples.length;
      totals.probeRuns += frame.probeRuns.length;
      return {
        agent: { cluster: "bench", node },
        instanceId: `bench-${nowMs}`,
        agentVersion: "0.1.0",
        receivedAtMs: frame.capturedAtMs + 2 + ((first + i) % 3),
        frame,
      };
    });
    const packed = packFrames(frames, context);
    const names = dictionary.unconfirmed();
    writer.append({ ...packed, names });
    dictionary.confirm(names);
  }
  const blockMs: number[] = [];
  const storeMs: number[] = [];
  let packMs = 0;
  const readDb = openForReading(options.path);
  const compactor = createCompactor(readDb);
  const workAt = (atMs: number): void => {
    for (let idle = 0; idle < 2;) {
      const startedUs = process.cpuUsage();
      const work = compactor.plan({
        nowMs: atMs,
        framesBeforeMs: 0,
        aroundMs: 0,
        isShort: false,
        mayPack: true,
      });
      idle = work === undefined ? idle + 1 : 0;
      if (work !== undefined) {
        const startedMs = performance.now();
        writer.store(work);
        storeMs.push(performance.now() - startedMs);
        const { user, system } = process.cpuUsage(startedUs);
        if (work.kind === "compact") {
          blockMs.push((user + system) / 1000);
        } else if (work.kind === "pack") {
          packMs += (user + system) / 1000;
        }
      }
    }
  };
  for (let atMs = options.isKeptUp === true ? fromMs : nowMs; atMs < nowMs; atMs += LOOK_MS) {
    workAt(atMs);
  }
  workAt(nowMs);
  readDb.close();
  db.pragma("incremental_vacuum");
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
  return { fromMs, toMs: nowMs, frames: count, ...totals, blockMs, packMs, storeMs };
}

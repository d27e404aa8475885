/** A history of many hours, made of real frames with shifted time and noise, written and compacted by the product's own code. */
import { createCompactor } from "../../collector/history/compactor.ts";
import { openDatabase, openForReading } from "../../collector/history/database.ts";
import { createFactChanges } from "../../collector/history/fact-changes.ts";
import { packFrames } from "../../collector/history/frame-batch.ts";
import { createNameDictionary } from "../../collector/history/name-dictionary.ts";
import { createSeenSeries } from "../../collector/history/seen-series.ts";
import { createWriter } from "../../collector/history/writer.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";

const BATCH_FRAMES = 1000;
/** Noise on what scatters, both ways. */
const NOISE = 0.05;

export interface MadeHistory {
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames: number;
  readonly samples: number;
  readonly probeRuns: number;
  /** CPU of packing and storing blocks, in milliseconds a block. */
  readonly blockMs: readonly number[];
}

export interface MadeHistoryOptions {
  readonly path: string;
  readonly real: readonly Frame[];
  readonly count: number;
  readonly stepMs: number;
  readonly nowMs: number;
  /** Every frame has every series, as where samples come at one cadence. */
  readonly isDense: boolean;
}

/** Ends at nowMs. The same options give the same frames. */
export function makeHistory(options: MadeHistoryOptions): MadeHistory {
  const { count, stepMs, nowMs } = options;
  const { db } = openDatabase({ path: options.path, nowMs, isKnownDamaged: false });
  const writer = createWriter(db);
  const dictionary = createNameDictionary(writer.names());
  const context = { dictionary, seenSeries: createSeenSeries(), factChanges: createFactChanges() };
  const fromMs = nowMs - count * stepMs;
  const next = createNoise(options.real, options.isDense);
  const totals = { samples: 0, probeRuns: 0 };
  for (let first = 0; first < count; first += BATCH_FRAMES) {
    const frames = Array.from({ length: Math.min(BATCH_FRAMES, count - first) }, (_, i): ReceivedFrame => {
      const frame = next(first + i, fromMs + (first + i) * stepMs);
      totals.samples += frame.samples.length;
      totals.probeRuns += frame.probeRuns.length;
      return {
        agent: { cluster: "bench", node: "m1" },
        instanceId: "bench",
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
  const readDb = openForReading(options.path);
  const compactor = createCompactor(readDb);
  for (let idle = 0; idle < 2;) {
    const startedUs = process.cpuUsage();
    const work = compactor.plan({ nowMs, framesBeforeMs: 0, aroundMs: 0, isShort: false });
    idle = work === undefined ? idle + 1 : 0;
    if (work !== undefined) {
      writer.store(work);
      if (work.kind === "compact") {
        const { user, system } = process.cpuUsage(startedUs);
        blockMs.push((user + system) / 1000);
      }
    }
  }
  readDb.close();
  db.pragma("incremental_vacuum");
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
  return { fromMs, toMs: nowMs, frames: count, ...totals, blockMs };
}

/** Counters grow by increments drawn from the real ones; what scatters is drawn from the real values, with noise. */
function createNoise(
  real: readonly Frame[],
  isDense: boolean,
): (index: number, capturedAtMs: number) => Frame {
  const random = createRandom();
  const seen = new Map<string, number[]>();
  for (const { samples } of real) {
    for (const { key, value } of samples) {
      seen.set(key, [...(seen.get(key) ?? []), value]);
    }
  }
  const current = new Map<string, number>();
  const keys = [...seen.keys()];
  let monotonicUs = 1e9;
  const draw = (values: readonly number[]): number => values[Math.floor(random() * values.length)] ?? 0;

  function nextValue(key: string): number {
    const values = seen.get(key) ?? [0];
    const isCounter = values.every((value, i) => i === 0 || value >= (values[i - 1] ?? value));
    if (values.every((value) => value === values[0])) {
      return values[0] ?? 0;
    }
    if (isCounter) {
      const steps = values.slice(1).map((value, i) => value - (values[i] ?? value));
      const step = draw(steps);
      const before = current.get(key) ?? values[0] ?? 0;
      const after = Number.isInteger(step)
        ? before + Math.round(step * (1 + NOISE * (random() - 0.5)))
        : before + step;
      current.set(key, after);
      return after;
    }
    const value = draw(values) * (1 + NOISE * 2 * (random() - 0.5));
    const decimals = decimalsOf(values);
    return decimals === undefined ? value : Math.round(value * decimals) / decimals;
  }

  return (index, capturedAtMs) => {
    const frame = real[index % real.length];
    if (frame === undefined) {
      throw new Error("Expected real frames");
    }
    const jitterMs = Math.floor(random() * 3);
    monotonicUs = (capturedAtMs + jitterMs) * 1000 + Math.floor(random() * 1000);
    const samples = (isDense ? keys : frame.samples.map(({ key }) => key)).map((key) => ({
      key,
      value: nextValue(key),
    }));
    const probeRuns = frame.probeRuns.map((run) => ({
      ...run,
      durationUs: Math.round(run.durationUs * (1 + NOISE * 2 * (random() - 0.5))),
    }));
    return {
      ...frame,
      sequence: BigInt(index + 1),
      capturedAtMs: capturedAtMs + jitterMs,
      monotonicUs,
      samples,
      probeRuns,
    };
  };
}

/** The power of ten that makes all of them whole; undefined: none up to nine places. */
function decimalsOf(values: readonly number[]): number | undefined {
  return [1, 1e3, 1e6, 1e9].find((scale) =>
    values.every((value) => Math.round(value * scale) / scale === value),
  );
}

/** Repeatable (a linear congruence is noise enough for sizes). */
function createRandom(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

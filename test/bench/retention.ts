/** For how long a commit waits behind the steps that keep the history small. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCompactor } from "../../collector/history/compactor.ts";
import { openDatabase, openForReading } from "../../collector/history/database.ts";
import { createWriter } from "../../collector/history/writer.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { makeHistory } from "./made-history.ts";
import { makeYear, YEAR } from "./made-year.ts";
import { readRealFrames } from "./real-frames.ts";

const HOURS = 12;
const AT_MOST_MS = 50;
/** More steps than there can be work for: a step that never ends is a fault. */
const MAX_STEPS = 100_000;

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-retention-"));
  try {
    const path = join(folder, "history.db");
    const nowMs = Date.parse("2026-11-02T00:00:00Z");
    const real = readRealFrames("m1");
    const made = makeHistory({ path, real, count: HOURS * 3600, stepMs: 1000, nowMs, isDense: false });
    log(`${made.frames} frames`);
    const thinned = thinAll(path, nowMs);
    log("thinned");
    const removed = removeAll(path, nowMs);
    const year = join(folder, "year.db");
    const { rollups } = makeYear({ path: year, real, nowMs, readable: undefined });
    log(`a thinned year: ${rollups} rows of roll-ups`);
    const ofYear = measureYear(year, nowMs);
    await Promise.resolve();
    return [
      ...describe("storing an hour's block, its rows removed", made.storeMs),
      ...describe("a block's frames become roll-ups", thinned),
      ...describe("removing what is too old or too much", removed),
      ...describe(`a step without anything to do, ${YEAR.days} d of three nodes`, ofYear.idle),
      ...describe(`removing what is too old, ${YEAR.days} d of three nodes`, ofYear.old),
      ...describe(`removing what is too much, ${YEAR.days} d of three nodes`, ofYear.tooMuch),
      result("looking for work without any, not on the writer's thread: longest", {
        value: quantile(ofYear.plan, 1),
        unit: "ms",
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describe(name: string, times: readonly number[]): readonly BenchmarkResult[] {
  return [
    result(
      `${name}: longest of ${times.length} steps`,
      { value: quantile(times, 1), unit: "ms" },
      {
        atMost: AT_MOST_MS,
      },
    ),
    result(`${name}: median`, { value: median(times), unit: "ms" }),
  ];
}

/** Everything is older than full resolution is kept. */
function thinAll(path: string, nowMs: number): readonly number[] {
  const { db } = openDatabase({ path, nowMs, isKnownDamaged: false });
  const readDb = openForReading(path);
  const compactor = createCompactor(readDb);
  const writer = createWriter(db);
  const times: number[] = [];
  for (let idle = 0; idle < 2 && times.length < MAX_STEPS;) {
    const work = compactor.plan({
      nowMs,
      framesBeforeMs: nowMs,
      aroundMs: 0,
      isShort: false,
      mayPack: false,
    });
    idle = work === undefined ? idle + 1 : 0;
    if (work !== undefined) {
      const startedMs = performance.now();
      writer.store(work);
      times.push(performance.now() - startedMs);
    }
  }
  readDb.close();
  db.close();
  return times;
}

/** Nothing may stay. */
function removeAll(path: string, nowMs: number): readonly number[] {
  const { db } = openDatabase({ path, nowMs, isKnownDamaged: false });
  const writer = createWriter(db);
  const times: number[] = [];
  for (let hasMore = true; hasMore && times.length < MAX_STEPS;) {
    const startedMs = performance.now();
    ({ hasMore } = writer.retain({ beforeMs: nowMs + 1, maxBytes: 0, mayLose: true }));
    times.push(performance.now() - startedMs);
  }
  db.close();
  return times;
}

const YEAR_STEPS = 100;

/** Steps on a file in which everything has been thinned for long. */
function measureYear(
  path: string,
  nowMs: number,
): Readonly<Record<"idle" | "old" | "tooMuch" | "plan", readonly number[]>> {
  const { db } = openDatabase({ path, nowMs, isKnownDamaged: false });
  const readDb = openForReading(path);
  const compactor = createCompactor(readDb);
  const writer = createWriter(db);
  const timesOf = (step: (index: number) => void): readonly number[] =>
    Array.from({ length: YEAR_STEPS }, (_, index) => {
      const startedMs = performance.now();
      step(index);
      return performance.now() - startedMs;
    });
  const beforeMs = (days: number): number => nowMs - days * 86_400_000;
  const times = {
    idle: timesOf(() => writer.retain({ beforeMs: beforeMs(YEAR.days + 1), maxBytes: 1e13, mayLose: false })),
    // an hour of looks apart, so that each goes over every day
    plan: timesOf((index) =>
      compactor.plan({
        nowMs: nowMs + index * 3_600_000,
        framesBeforeMs: beforeMs(7),
        aroundMs: 0,
        isShort: false,
        mayPack: false,
      }),
    ),
    old: timesOf(() => writer.retain({ beforeMs: beforeMs(300), maxBytes: 1e13, mayLose: false })),
    tooMuch: timesOf(() => writer.retain({ beforeMs: 0, maxBytes: 0, mayLose: true })),
  };
  readDb.close();
  db.close();
  return times;
}

export const retention: Benchmark = {
  name: "retention",
  method:
    `${HOURS} h of one agent, written, compacted, thinned and removed by the collector's own code; the wall time of each step on the writer's thread, for which commits wait. ` +
    `Steps have pauses between them (100 ms), in which commits have their turn. The file of ${YEAR.days} d holds one such hour's roll-ups again and again, ${YEAR.runs} runs, and is measured as it is after the copy: warm.`,
  run,
};

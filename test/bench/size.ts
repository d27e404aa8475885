/** Bytes on disk that a sample costs: everything in, and what has been compacted alone. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openForReading } from "../../collector/history/database.ts";
import { median, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { makeHistory } from "./made-history.ts";
import { readRealFrames } from "./real-frames.ts";

const HOURS = 24;
/** For as long full resolution is kept by default. */
const RAW_DAYS = 7;

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-size-"));
  try {
    const path = join(folder, "history.db");
    const real = readRealFrames("m1");
    const nowMs = Date.parse("2026-11-02T00:00:00Z");
    const count = HOURS * 3600;
    const made = makeHistory({ path, real, count, stepMs: 1000, nowMs, isDense: false, isKeptUp: true });
    log(`${made.frames} frames, ${made.samples} samples, ${made.probeRuns} probe runs`);
    const db = openForReading(path);
    const sum = (sql: string): number => Number(db.prepare(sql).pluck().get());
    const compacted = sum("SELECT sum(samples) FROM block");
    const parts = {
      values: sum("SELECT sum(length(sample_values)) FROM block_frames"),
      times: sum("SELECT sum(length(times)) FROM block_frames"),
      rest: sum("SELECT sum(length(rest)) FROM block_frames"),
      rollups: sum("SELECT sum(length(rollups)) FROM rollup"),
    };
    db.close();
    const { bytes, landed } = measureHistoryBytes(path);
    const allIn = (days: number): { readonly value: number; readonly unit: string } => ({
      value: (bytes * days + landed.bytes) / (compacted * days + landed.samples),
      unit: "B/sample",
    });
    const each = (value: number): { readonly value: number; readonly unit: string } => ({
      value: value / compacted,
      unit: "B/sample",
    });
    const runs = (made.probeRuns * compacted) / made.samples;
    return [
      result(`on disk, everything in, after ${HOURS} h`, allIn(1), { atMost: 1 }),
      result(`on disk, everything in, after ${RAW_DAYS} d (reckoned)`, allIn(RAW_DAYS), { atMost: 1 }),
      result("of it: what has been compacted, everything else in", each(bytes)),
      result("of it: what has landed in the last hour, by its own samples", {
        value: landed.bytes / landed.samples,
        unit: "B/sample",
      }),
      result("on disk a recorded value (samples and durations of probe runs)", {
        value: bytes / (compacted + runs),
        unit: "B",
      }),
      result("of it: samples", each(parts.values)),
      result("of it: times and lists of series", each(parts.times)),
      result("of it: probe runs, facts, events, clocks", each(parts.rest)),
      result("of it: roll-ups of a quarter of an hour", each(parts.rollups)),
      result("CPU to pack and store an hour of an agent", { value: median(made.blockMs), unit: "ms" }),
      result("CPU to pack for its hour what an agent brings in it", {
        value: made.packMs / HOURS,
        unit: "ms",
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface HistoryBytes {
  /** Of the file without the pages of what has landed. */
  readonly bytes: number;
  /** In blocks. */
  readonly samples: number;
  /** What has landed and is no block yet. */
  readonly landed: { readonly bytes: number; readonly samples: number };
}

export function measureHistoryBytes(path: string): HistoryBytes {
  const db = openForReading(path);
  const sum = (sql: string): number => Number(db.prepare(sql).pluck().get());
  const landedBytes = sum(
    "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN ('frame', 'frame_by_agent', 'landed_pack')",
  );
  const samples = sum("SELECT sum(samples) FROM block");
  const landedSamples =
    sum("SELECT coalesce(sum(sample_count), 0) FROM frame") +
    sum("SELECT coalesce(sum(samples), 0) FROM landed_pack");
  db.close();
  const landed = { bytes: landedBytes, samples: landedSamples };
  return { bytes: statSync(path).size - landedBytes, samples, landed };
}

export const size: Benchmark = {
  name: "size",
  method:
    `${HOURS} h of one agent at its default cadence: nine minutes of real frames (test/fixture/bench) repeated with shifted time; counters grow by increments drawn from the real ones, what scatters is drawn anew with ±5 % of noise, ` +
    `so that no value repeats because a frame does. Written, packed, compacted and rolled up, at the times at which it would be, by the collector's own code into a file; its size by its samples. The last hour of it has landed and is no block yet, which is the most that there is; after ${RAW_DAYS} d is reckoned: as many such days of blocks and that hour.`,
  run,
};

/** How long a trend takes: 1 and 20 series over an hour, a day and a month, at 1,000 points with no peak lost. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHistory, type History } from "../../collector/history/history.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import { parseSeriesKey, seriesKey } from "../../shared/series-key.ts";
import { createTestLog, receivedFrame } from "../collector/ingest/test-frames.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { makeHistory } from "./made-history.ts";
import { makeYear } from "./made-year.ts";
import { measureQueryPeers, type MadePart } from "./query-peers.ts";
import { readRealFrames } from "./real-frames.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const POINTS = 1000;
const ROUNDS = 15;
/** What is written meanwhile: 500 frames a second. */
const BUSY_AGENTS = 50;
const BUSY_EVERY_MS = 100;
/** Many series of one metric, as a histogram's buckets are. */
const MANY = { metric: "bench_many_total", series: 20 } as const;
const ONE = "etcd_server_proposals_applied_total";

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-query-"));
  try {
    const real = addSeries(readRealFrames("m1"));
    const one = findMetric(real);
    const nowMs = systemClock.nowMs();
    log("a day at 1 s; a month at 1 min, its last hour at 1 s");
    const day = join(folder, "day.db");
    const month = join(folder, "month.db");
    const parts = listParts(real, nowMs);
    parts.day.forEach((part) => makeHistory({ path: day, ...part }));
    parts.month.forEach((part) => makeHistory({ path: month, ...part }));
    const hour = { name: "1 h", spanMs: HOUR_MS, toMs: nowMs - 2 * HOUR_MS };
    const wholeDay = { name: "24 h", spanMs: DAY_MS, toMs: nowMs };
    const wholeMonth = { name: "30 d", spanMs: 30 * DAY_MS, toMs: nowMs };
    const beside = async (
      name: "day" | "month",
      spans: readonly Span[],
    ): Promise<readonly BenchmarkResult[]> => {
      log(`${name}: the same in Prometheus`);
      const dir = mkdtempSync(join(folder, "peer-"));
      const historyPath = name === "day" ? day : month;
      const metrics = [
        ["1 series", one],
        ["20 series", MANY.metric],
      ] as const;
      return await measureQueryPeers({
        dir,
        real,
        historyPath,
        spans,
        metrics,
        parts: parts[name],
        points: POINTS,
      });
    };
    return [
      ...(await measure(day, one, hour)),
      ...(await measure(day, one, wholeDay)),
      ...(await measure(month, one, wholeMonth)),
      ...(await measureYear(join(folder, "year.db"), real, { one, nowMs })),
      ...(await measurePast(day, nowMs)),
      // last: the collector goes on writing into these files
      ...(await beside("day", [hour, wholeDay])),
      ...(await beside("month", [wholeMonth])),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the files are made of, oldest first. */
function listParts(
  real: readonly Frame[],
  nowMs: number,
): Readonly<Record<"day" | "month", readonly MadePart[]>> {
  return {
    day: [{ real, count: 86_400 + 3600, stepMs: 1000, nowMs, isDense: false }],
    month: [
      { real, count: 30 * 1440 - 60, stepMs: 60_000, nowMs: nowMs - HOUR_MS, isDense: true },
      { real, count: 3600, stepMs: 1000, nowMs, isDense: false },
    ],
  };
}

/** Spans two months ago, of which roll-ups of a minute are left. */
async function measureYear(
  path: string,
  real: readonly Frame[],
  { one, nowMs }: { readonly one: string; readonly nowMs: number },
): Promise<readonly BenchmarkResult[]> {
  makeYear({ path, real, nowMs, readable: { fromDay: 72, toDay: 59 } });
  const toMs = nowMs - 61 * DAY_MS;
  return [
    ...(await measure(path, one, { name: "5 d, two months ago", spanMs: 5 * DAY_MS, toMs })),
    ...(await measure(path, one, { name: "10 d, two months ago", spanMs: 10 * DAY_MS, toMs })),
  ];
}

function findMetric(real: readonly Frame[]): string {
  const metrics = new Set(
    real.flatMap(({ samples }) => samples.map(({ key }) => parseSeriesKey(key).metric)),
  );
  return metrics.has(ONE) ? ONE : "etcdscope_agent_cpu_seconds_total";
}

/** Twenty counters more in every tenth frame. */
function addSeries(real: readonly Frame[]): readonly Frame[] {
  return real.map((frame, at) => ({
    ...frame,
    samples: [
      ...frame.samples,
      ...(at % 10 === 0
        ? Array.from({ length: MANY.series }, (_, i) => ({
            key: seriesKey(MANY.metric, { bucket: String(i) }),
            value: 1000 * i + at * (i + 1),
          }))
        : []),
    ],
  }));
}

function open(path: string): History {
  return createHistory({ path, rawMs: 1e13, maxBytes: 1e12, clock: systemClock, log: createTestLog() });
}

interface Span {
  readonly name: string;
  readonly spanMs: number;
  readonly toMs: number;
}

async function measure(path: string, one: string, span: Span): Promise<readonly BenchmarkResult[]> {
  const results: BenchmarkResult[] = [];
  for (const [name, metric, atMost] of [
    ["1 series", one, 5],
    ["20 series", MANY.metric, 50],
  ] as const) {
    const history = open(path);
    await history.start();
    const stopWriting = keepWriting(history);
    try {
      const times: number[] = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        const startedMs = performance.now();
        const answer = await history.series({
          cluster: "bench",
          metric,
          node: "m1",
          fromMs: span.toMs - span.spanMs,
          toMs: span.toMs,
          points: POINTS,
        });
        times.push(performance.now() - startedMs);
        if (answer[0] === undefined || answer[0].points.length < 100) {
          throw new Error(`Expected a trend of ${metric}, got ${answer[0]?.points.length ?? 0} points`);
        }
      }
      const label = `${span.name}, ${name}`;
      results.push(
        result(`${label}, first after opening`, { value: times[0] ?? Number.NaN, unit: "ms" }),
        result(
          `${label}, warm, median of ${ROUNDS}`,
          { value: median(times.slice(1)), unit: "ms" },
          span.name === "30 d" ? { atMost } : {},
        ),
      );
    } finally {
      await stopWriting();
      await history.close();
    }
  }
  return results;
}

/** Frames of other agents go on being written beside the queries. Resolves when the last of them is. */
function keepWriting(history: History): () => Promise<void> {
  let sequence = 0n;
  let last = Promise.resolve();
  const timer = setInterval(() => {
    sequence += 1n;
    const frames = Array.from({ length: BUSY_AGENTS }, (_, i) => ({
      ...receivedFrame(sequence, { receivedAtMs: systemClock.nowMs() }),
      agent: { cluster: "busy", node: `m${i}` },
    }));
    last = last.then(() => history.append(frames));
  }, BUSY_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await last;
  };
}

/** What ?at= reads: two minutes of frames, at moments spread over the day. */
async function measurePast(path: string, nowMs: number): Promise<readonly BenchmarkResult[]> {
  const history = open(path);
  await history.start();
  try {
    const times: number[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const atMs = nowMs - round * 4_000_000;
      const startedMs = performance.now();
      const frames = await history.frames("bench", atMs - 130_000, atMs);
      times.push(performance.now() - startedMs);
      if (frames.length < 125) {
        throw new Error(`Expected 130 frames, got ${frames.length}`);
      }
    }
    return [
      result("frames of one agent for ?at=, any moment, worst of 20", {
        value: quantile(times, 1),
        unit: "ms",
      }),
    ];
  } finally {
    await history.close();
  }
}

export const query: Benchmark = {
  name: "query",
  method:
    `History made of real frames as in the benchmark "size", with twenty counters of one metric more: a day at 1 s, and a month with every series once a minute and its last hour at 1 s, of which nothing is compacted yet (what a month's trend reads, roll-ups of a quarter of an hour, is as much at any cadence). ` +
    `Two months ago: 400 d of three nodes, one hour's roll-ups of a minute again and again with shifted time. Asked through the history's door (a worker thread, the answer copied to the asker), ${POINTS} points, smallest and largest of every step kept. Warm: the page cache and the thread have seen the query. Meanwhile ${BUSY_AGENTS} other agents are written every ${BUSY_EVERY_MS} ms. No HTTP, no JSON. ` +
    `Beside Prometheus: the same samples by remote write into Prometheus (Debian bookworm), made blocks by a snapshot, of which a new process is asked by two query_range at once, max_over_time and min_over_time with the step as range, as ours keeps both; ours is asked over HTTP, too, by a collector as a process, with 51 agents' real frames a second beside it by mutual-TLS gRPC, Prometheus with the same by remote write. First: of that span after the process began, the files in the page cache.`,
  run,
};

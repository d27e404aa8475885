/** Size, and a query of a day, of this collector beside Prometheus and VictoriaMetrics, on the same samples in one run. */
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import type { Receiver } from "../lab/receivers.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { openHistory } from "../lab/open-history.ts";
import { median, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { makeHistory } from "./made-history.ts";
import { createNoise } from "./noise.ts";
import { PEERS, receiveAs, withPeer, type StartPeer } from "./peer-ingest.ts";
import { measureFolder, queryRange, writeRemotely } from "./peer-load.ts";
import { readRealFrames } from "./real-frames.ts";
import { measureHistoryBytes } from "./size.ts";

const HOURS = 24;
const ROUNDS = 15;
const POINTS = 1000;
const METRIC = "etcd_server_proposals_applied_total";

interface Figures {
  readonly bytesASample: number;
  readonly queryMs: number;
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const real = readRealFrames("m1");
  const ours = await measureOurs(real);
  const results = report("etcdscope", ours, undefined);
  for (const [name, start] of PEERS) {
    log(name);
    const peer = await measurePeer(real, start);
    results.push(...report(name, peer, ours));
  }
  return results;
}

function report(name: string, of: Figures, ours: Figures | undefined): BenchmarkResult[] {
  const rows: readonly (readonly [string, keyof Figures, string])[] = [
    [`on disk, ${HOURS} h of one agent`, "bytesASample", "B/sample"],
    [`${HOURS} h of one series, ${POINTS} points, largest of each, warm`, "queryMs", "ms"],
  ];
  return rows.flatMap(([what, key, unit]) => [
    result(`${name}: ${what}`, { value: of[key], unit }),
    ...(ours === undefined
      ? []
      : [result(`etcdscope / ${name}: ${what}`, { value: ours[key] / of[key], unit: "ratio" })]),
  ]);
}

async function measureOurs(real: readonly Frame[]): Promise<Figures> {
  const dir = await createRunFolder();
  try {
    const path = join(dir, "history.db");
    const nowMs = systemClock.nowMs();
    const made = makeHistory({ path, real, count: HOURS * 3600, stepMs: 1000, nowMs, isDense: false });
    const { bytes, samples } = measureHistoryBytes(path);
    const history = await openHistory(path);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS + 3; round += 1) {
      const startedMs = performance.now();
      const { fromMs, toMs } = made;
      await history.series({ cluster: "bench", metric: METRIC, node: "m1", fromMs, toMs, points: POINTS });
      times.push(performance.now() - startedMs);
    }
    await history.close();
    return { bytesASample: bytes / samples, queryMs: median(times.slice(3)) };
  } finally {
    await removeFolderWithMounts(dir);
  }
}

async function measurePeer(real: readonly Frame[], start: StartPeer): Promise<Figures> {
  const dir = await createRunFolder();
  try {
    return await withPeer(join(dir, "day"), start, async (receiver, folder) => fill(receiver, real, folder));
  } finally {
    await removeFolderWithMounts(dir);
  }
}

/** A day of one agent, up to now; then its size without what has not been made a block of, and a query over it. */
async function fill({ url }: Receiver, real: readonly Frame[], folder: string): Promise<Figures> {
  const next = createNoise(real, { isDense: false });
  const toMs = systemClock.nowMs();
  const fromMs = toMs - HOURS * 3_600_000;
  let samples = 0;
  for (let first = 0; first < HOURS * 3600; first += 300) {
    const frames = Array.from({ length: 300 }, (_, i) =>
      receiveAs(next(first + i, fromMs + (first + i) * 1000), "m1"),
    );
    samples += await writeRemotely(url, frames);
  }
  // VictoriaMetrics writes and merges when asked, Prometheus has no such thing: what it has in its head comes at its rate
  for (const path of ["/internal/force_flush", "/internal/force_merge"]) {
    await (await fetch(`${url}${path}`)).text();
  }
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS + 3; round += 1) {
    times.push(await queryRange(url, `${METRIC}{node="m1"}`, { fromMs, toMs, points: POINTS }));
  }
  const isPrometheus = measureFolder(folder).has("prometheus");
  const sizes = measureFolder(join(folder, isPrometheus ? "prometheus" : "victoria-metrics"));
  const live = new Set(["wal", "wbl", "chunks_head"]);
  const bytes = [...sizes].reduce((sum, [name, size]) => sum + (live.has(name) ? 0 : size), 0);
  const share = isPrometheus ? await shareInBlocks(url, fromMs, toMs) : 1;
  if (share <= 0) {
    throw new Error("Prometheus has made no block of the samples yet: its size tells nothing");
  }
  return { bytesASample: bytes / (samples * share), queryMs: median(times.slice(3)) };
}

/** Prometheus: how much of the span is in blocks by now; the rest is in its head and log. */
async function shareInBlocks(url: string, fromMs: number, toMs: number): Promise<number> {
  const answer = (await (await fetch(`${url}/api/v1/status/tsdb`)).json()) as {
    readonly data: { readonly headStats: { readonly minTime: number } };
  };
  return Math.max(0, Math.min(1, (answer.data.headStats.minTime - fromMs) / (toMs - fromMs)));
}

export const peers: Benchmark = {
  name: "peers",
  method:
    `The frames of the benchmark "size", and the same to Prometheus (Debian bookworm) and VictoriaMetrics (Debian trixie) as remote writes. ` +
    `Size: ${HOURS} h of one agent, without what is no block yet: of Prometheus its blocks by the share of the samples that is in them, of VictoriaMetrics after force_flush and force_merge. ` +
    `Query: the median of ${ROUNDS}, ours through the history's door, theirs by query_range of max_over_time over HTTP, uncached. The peers are not given probe runs, facts and events, which ours keeps and is charged for.`,
  run,
};

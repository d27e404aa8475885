/** Ingest, size and queries of this collector beside Prometheus and VictoriaMetrics, on the same samples in one run. */
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import type { Frame, ReceivedFrame } from "../../shared/frame.ts";
import { startPrometheus, startVictoriaMetrics, type Receiver } from "../lab/receivers.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { openHistory } from "../lab/open-history.ts";
import { median, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { measureIngest } from "./ingest.ts";
import { makeHistory } from "./made-history.ts";
import { createNoise } from "./noise.ts";
import { measureFolder, queryRange, writeRemotely } from "./peer-load.ts";
import { readCpuSeconds } from "./process-usage.ts";
import { readRealFrames } from "./real-frames.ts";
import { measureHistoryBytes } from "./size.ts";

const HOURS = 24;
const ROUNDS = 15;
const POINTS = 1000;
/** One frame of each of so many agents in a request, as a relay would join them. */
const AGENTS_A_REQUEST = 60;
const CONNECTIONS = 4;
const INGEST_SECONDS = 12;
const METRIC = "etcd_server_proposals_applied_total";

interface Figures {
  readonly samplesACpuSecond: number;
  readonly bytesASample: number;
  readonly queryMs: number;
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const real = readRealFrames("m1");
  const ours = await measureOurs(real, log);
  const results = report("etcdscope", ours, undefined);
  for (const [name, start] of [
    ["Prometheus", startPrometheus],
    ["VictoriaMetrics", startVictoriaMetrics],
  ] as const) {
    log(name);
    const peer = await measurePeer(real, start);
    results.push(...report(name, peer, ours));
  }
  return results;
}

function report(name: string, of: Figures, ours: Figures | undefined): BenchmarkResult[] {
  const rows: readonly (readonly [string, keyof Figures, string])[] = [
    ["ingest, a CPU-second", "samplesACpuSecond", "samples"],
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

async function measureOurs(real: readonly Frame[], log: (line: string) => void): Promise<Figures> {
  const ingest = await measureIngest("etcdscope", real, log);
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
    return {
      samplesACpuSecond: ingest.samplesACpuSecond,
      bytesASample: bytes / samples,
      queryMs: median(times.slice(3)),
    };
  } finally {
    await removeFolderWithMounts(dir);
  }
}

async function measurePeer(real: readonly Frame[], start: typeof startPrometheus): Promise<Figures> {
  const dir = await createRunFolder();
  try {
    const samplesACpuSecond = await withReceiver(join(dir, "ingest"), start, (receiver) =>
      saturate(receiver, real),
    );
    const rest = await withReceiver(join(dir, "day"), start, (receiver, folder) =>
      fill(receiver, real, folder),
    );
    return { samplesACpuSecond, ...rest };
  } finally {
    await removeFolderWithMounts(dir);
  }
}

async function withReceiver<T>(
  folder: string,
  start: typeof startPrometheus,
  use: (receiver: Receiver, folder: string) => Promise<T>,
): Promise<T> {
  const receiver = await start(folder);
  if (receiver.kind === "unavailable") {
    throw new Error(`A peer cannot be had here: ${receiver.because}`);
  }
  try {
    return await use(receiver, folder);
  } finally {
    await receiver.stop();
  }
}

/** Each connection has agents of its own, whose time runs as fast as they are taken. The first round makes the series. */
async function saturate({ url, pid }: Receiver, real: readonly Frame[]): Promise<number> {
  const next = createNoise(real, { isDense: false });
  let second = 0;
  const startMs = systemClock.nowMs() - 1_800_000;
  async function write(connection: number): Promise<number> {
    second += 1;
    const frame = next(second, startMs + second * 1000);
    return await writeRemotely(
      url,
      Array.from({ length: AGENTS_A_REQUEST }, (_, i) =>
        receive(frame, `m${connection * AGENTS_A_REQUEST + i}`),
      ),
    );
  }
  const connections = Array.from({ length: CONNECTIONS }, (_, i) => i);
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(connections.map(write));
  }
  const cpuBefore = readCpuSeconds(pid);
  const endMs = performance.now() + INGEST_SECONDS * 1000;
  let samples = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < endMs) {
        const written = await write(connection);
        samples += written;
      }
    }),
  );
  return samples / (readCpuSeconds(pid) - cpuBefore);
}

/** A day of one agent, up to now; then its size without what has not been made a block of, and a query over it. */
async function fill(
  { url }: Receiver,
  real: readonly Frame[],
  folder: string,
): Promise<Omit<Figures, "samplesACpuSecond">> {
  const next = createNoise(real, { isDense: false });
  const toMs = systemClock.nowMs();
  const fromMs = toMs - HOURS * 3_600_000;
  let samples = 0;
  for (let first = 0; first < HOURS * 3600; first += 300) {
    const frames = Array.from({ length: 300 }, (_, i) =>
      receive(next(first + i, fromMs + (first + i) * 1000), "m1"),
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

function receive(frame: Frame, node: string): ReceivedFrame {
  return {
    agent: { cluster: "bench", node },
    instanceId: "bench",
    agentVersion: "0.1.0",
    receivedAtMs: frame.capturedAtMs,
    frame,
  };
}

export const peers: Benchmark = {
  name: "peers",
  method:
    `The frames of the benchmarks "ingest" and "size", to this collector over mutual-TLS gRPC, fsync'd before each acknowledgement, and to Prometheus (Debian bookworm) and VictoriaMetrics (Debian trixie) as remote writes of ${AGENTS_A_REQUEST} agents' frames each over ${CONNECTIONS} connections, which neither fsyncs. ` +
    `Only what the server's process uses counts (utime+stime). Size: ${HOURS} h of one agent, of Prometheus its blocks by the share of the samples that is in them, of VictoriaMetrics after force_flush and force_merge. ` +
    `Query: the median of ${ROUNDS}, ours through the history's door, theirs by query_range of max_over_time over HTTP, uncached. The peers are not given probe runs, facts and events, which ours keeps and is charged for.`,
  run,
};

/** Samples a second that one collector makes durable, and what they cost it. */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "../../shared/frame.ts";
import { agentName, createAuthority, issue, LOOPBACK } from "../collector/ingest/test-pki.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { startBenchCollector } from "./bench-collector.ts";
import { startAgentLoad, type LoadAgent } from "./agent-load.ts";
import { quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { AGENTS_A_REQUEST, CONNECTIONS, measurePeerIngest, PEERS, type PeerIngest } from "./peer-ingest.ts";
import { readCpuSeconds, readRssMiB } from "./process-usage.ts";
import { createTemplates, readRealFrames, widen } from "./real-frames.ts";

const STREAMS = 120;
const NODES_A_CLUSTER = 3;
const WARM_UP_SECONDS = 4;
const WATCH_SECONDS = 12;
/** As many as the peers' figures have a request: 150. */
const WIDE_SAMPLES = 150;

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const real = readRealFrames("m1");
  const wide = await measureIngest("wide", widen(real, WIDE_SAMPLES), log);
  const widePeers = await measurePeers(real, wide, { isDense: true, log });
  const thin = await measureIngest("real", real, log);
  const thinPeers = await measurePeers(real, thin, { isDense: false, log });
  const [wideName, thinName] = [
    `frames of ${WIDE_SAMPLES} samples`,
    `a real agent's frames (${thin.samplesAFrame.toFixed(1)} samples)`,
  ];
  return [
    ...report(wideName, wide, true),
    ...widePeers(wideName),
    ...report(thinName, thin, false),
    ...thinPeers(thinName),
  ];
}

/** The same frames by remote write, and how much more, or less, this collector takes. */
async function measurePeers(
  frames: readonly Frame[],
  ours: MeasuredIngest,
  { isDense, log }: { readonly isDense: boolean; readonly log: (line: string) => void },
): Promise<(name: string) => readonly BenchmarkResult[]> {
  const measured: (readonly [string, PeerIngest])[] = [];
  for (const [peer, start] of PEERS) {
    log(peer);
    measured.push([peer, await measurePeerIngest(start, frames, { isDense, watchSeconds: WATCH_SECONDS })]);
  }
  const ratio = (value: number): { readonly value: number; readonly unit: string } => ({
    value,
    unit: "ratio",
  });
  return (name) =>
    measured.flatMap(([peer, of]) => [
      result(`${name}: ${peer}, taken`, { value: of.samplesASecond, unit: "samples/s" }),
      result(`${name}: ${peer}, per CPU-second`, { value: of.samplesACpuSecond, unit: "samples" }),
      result(`${name}: etcdscope / ${peer}, a second`, ratio(ours.samplesASecond / of.samplesASecond)),
      result(
        `${name}: etcdscope / ${peer}, a CPU-second`,
        ratio(ours.samplesACpuSecond / of.samplesACpuSecond),
      ),
    ]);
}

export interface MeasuredIngest {
  readonly samplesASecond: number;
  readonly samplesACpuSecond: number;
  readonly framesASecond: number;
  readonly samplesAFrame: number;
  readonly ackP99Ms: number;
  readonly rssMiB: number;
  readonly bytesASample: number;
}

function report(name: string, of: MeasuredIngest, isGoal: boolean): readonly BenchmarkResult[] {
  const goal = (atLeast: number): { readonly atLeast?: number } => (isGoal ? { atLeast } : {});
  return [
    result(`${name}: durable`, { value: of.samplesASecond, unit: "samples/s" }, goal(300_000)),
    result(
      `${name}: per CPU-second of the collector`,
      { value: of.samplesACpuSecond, unit: "samples" },
      goal(401_000),
    ),
    result(`${name}: frames`, { value: of.framesASecond, unit: "1/s" }),
    result(`${name}: send to acknowledgement, p99, at saturation`, { value: of.ackP99Ms, unit: "ms" }),
    result(`${name}: collector's RSS at the end`, { value: of.rssMiB, unit: "MiB" }),
    result(`${name}: file before compaction`, { value: of.bytesASample, unit: "B/sample" }),
  ];
}

export async function measureIngest(
  name: string,
  frames: readonly Frame[],
  log: (line: string) => void,
): Promise<MeasuredIngest> {
  const dir = await createRunFolder();
  const pkiDir = join(dir, "pki");
  mkdirSync(pkiDir, { recursive: true });
  const authority = await createAuthority(pkiDir);
  await issue(authority, { name: "collector", names: LOOPBACK });
  const agents: LoadAgent[] = [];
  for (let i = 0; i < STREAMS; i += 1) {
    const cluster = `bench-${Math.floor(i / NODES_A_CLUSTER)}`;
    const node = `m${(i % NODES_A_CLUSTER) + 1}`;
    const tls = await issue(authority, { name: `${cluster}-${node}`, names: agentName(cluster, node) });
    agents.push({ cluster, node, tls });
  }
  const collector = await startBenchCollector(dir, pkiDir);
  try {
    log(`${name}: ${STREAMS} streams`);
    const load = startAgentLoad(agents, `127.0.0.1:${collector.grpcPort}`, createTemplates(frames));
    await seconds(WARM_UP_SECONDS);
    const warm = load.look();
    const cpuBefore = readCpuSeconds(collector.pid());
    const startedMs = performance.now();
    await seconds(WATCH_SECONDS);
    const counts = load.look();
    const elapsed = (performance.now() - startedMs) / 1000;
    const cpu = readCpuSeconds(collector.pid()) - cpuBefore;
    const rssMiB = readRssMiB(collector.pid());
    load.stop();
    if (load.problems().length > 0) {
      throw new Error(`The load failed: ${load.problems().slice(0, 3).join("; ")}`);
    }
    const bytes = ["", "-wal"].reduce((sum, end) => sum + statSync(`${collector.historyPath}${end}`).size, 0);
    log(`${name}: ${counts.frames} frames in ${elapsed.toFixed(1)} s, ${cpu.toFixed(1)} CPU-s`);
    return {
      samplesASecond: counts.samples / elapsed,
      samplesACpuSecond: counts.samples / cpu,
      framesASecond: counts.frames / elapsed,
      samplesAFrame: counts.samples / counts.frames,
      ackP99Ms: quantile(counts.ackMs, 0.99),
      rssMiB,
      bytesASample: bytes / (counts.samples + warm.samples),
    };
  } finally {
    await collector.kill();
    await removeFolderWithMounts(dir);
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

export const ingest: Benchmark = {
  name: "ingest",
  method:
    `One collector as a process, started as installed; ${STREAMS} agents' streams over real mutual TLS from another process on the same machine, each sending as fast as it is acknowledged (60 frames under way). ` +
    `Frames are those of a real agent (test/fixture/bench), as they are and joined to ${WIDE_SAMPLES} samples; acknowledged means fsync'd. ${WARM_UP_SECONDS} s of warm-up, ${WATCH_SECONDS} s measured; ` +
    `CPU is utime+stime of the collector's process, all threads. The load's own CPU comes out of the same cores: compare CPU-seconds. ` +
    `Beside it Prometheus (Debian bookworm) and VictoriaMetrics (Debian trixie) take such frames as remote writes of ${AGENTS_A_REQUEST} agents' frames each over ${CONNECTIONS} connections (beside the wide frames such with each of an agent's series once) for as long, over plain HTTP from this process, which encodes them meanwhile; neither fsyncs before it answers. They are not given probe runs, facts and events, which ours keeps and is charged for.`,
  run,
};

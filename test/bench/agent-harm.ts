/** What etcd can still do while it is watched: writes a second, their p99 and etcd's own fsync, with the agents and with them paused. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { MetricText, type Histogram } from "../../agent/etcd/parse-metrics.ts";
import { ensureEtcd } from "../lab/etcd-binaries.ts";
import { createEtcdCluster, type EtcdCluster } from "../lab/etcd-cluster.ts";
import { runCommand } from "../lab/run-command.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { createStack, type Stack } from "../lab/stack.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { readCpuSeconds } from "./process-usage.ts";

const PAIRS = 12;
const BLOCK_SECONDS = 10;
/** After the agents go on or rest, before what follows is counted. */
const SETTLE_SECONDS = 3;
const WRITERS = 8;
const WARM_UP_SECONDS = 20;
const OWN_SECONDS = 120;
const FSYNC = "etcd_disk_wal_fsync_duration_seconds";

interface Block {
  readonly putsPerSecond: number;
  readonly putP99Ms: number;
  readonly fsyncMeanMs: number;
  readonly fsyncP99Ms: number;
  /** Percent of one core: all agents together. */
  readonly agentsCpu: number;
  readonly collectorCpu: number;
}

interface OwnIo {
  /** Of one agent, to storage. */
  readonly bytesPerMinute: number;
  /** undefined: this machine has nothing that counts them. */
  readonly fsyncsPerMinute: number | undefined;
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const binaries = await ensureEtcd("3.5");
  if (binaries.kind === "unavailable") {
    throw new Error(`This benchmark cannot run here: ${binaries.because}`);
  }
  const dir = await createRunFolder();
  const etcd = await createEtcdCluster({
    binaries,
    dir: join(dir, "etcd"),
    members: ["m1", "m2", "m3"].map((name) => ({ name })),
    flags: { "quota-backend-bytes": String(8 * 1024 ** 3) },
  });
  const stack = await createStack({ dir: join(dir, "stack"), etcd });
  try {
    await etcd.start();
    await etcd.waitHealthy();
    await stack.start();
    await stack.waitFor("the verdict is healthy", (state) => state.verdict === "healthy", {
      timeoutMs: 60_000,
    });
    log(`what the agents write, ${OWN_SECONDS} s`);
    const own = await measureOwnIo(stack);
    log(`${PAIRS} pairs of ${BLOCK_SECONDS} s`);
    return report(own, await measurePairs(etcd, stack, log));
  } finally {
    await stack.stopAll();
    await etcd.stopAll();
    await removeFolderWithMounts(dir);
  }
}

async function measureOwnIo(stack: Stack): Promise<OwnIo> {
  const pids = stack.agents.map(({ pid }) => pid);
  await seconds(WARM_UP_SECONDS);
  const before = pids.map(readWrittenBytes);
  const counted = await runCommand(
    [
      ..."timeout --signal=INT".split(" "),
      String(OWN_SECONDS),
      ..."strace -f -c -e trace=fsync,fdatasync,sync,syncfs,sync_file_range".split(" "),
      ...pids.flatMap((pid) => ["-p", String(pid)]),
    ],
    { timeoutMs: (OWN_SECONDS + 30) * 1000 },
  );
  if (!counted.stderr.includes("attached")) {
    await seconds(OWN_SECONDS);
  }
  const written = pids.reduce((sum, pid, at) => sum + readWrittenBytes(pid) - (before[at] ?? 0), 0);
  const share = 60 / OWN_SECONDS / pids.length;
  // The table of strace: "% time  seconds  usecs/call  calls  errors  syscall".
  const calls = [...counted.stderr.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s.*sync/gm)];
  return {
    bytesPerMinute: written * share,
    fsyncsPerMinute: counted.stderr.includes("attached")
      ? calls.reduce((sum, [, count]) => sum + Number(count), 0) * share
      : undefined,
  };
}

function readWrittenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? Number.NaN);
}

interface Pair {
  readonly watched: Block;
  readonly alone: Block;
}

/** Each pair the other way round than the one before, so that what drifts with time cancels. */
async function measurePairs(
  etcd: EtcdCluster,
  stack: Stack,
  log: (line: string) => void,
): Promise<readonly Pair[]> {
  const writers = startWriters(etcd);
  const pids = stack.agents.map(({ pid }) => pid);
  const measured = { etcd, writers, agents: pids, collector: stack.collector.pid };
  const pairs: Pair[] = [];
  try {
    await seconds(WARM_UP_SECONDS);
    for (let at = 0; at < PAIRS; at += 1) {
      const isWatchedFirst = at % 2 === 0;
      const first = await measureBlock(measured, isWatchedFirst);
      const second = await measureBlock(measured, !isWatchedFirst);
      pairs.push(isWatchedFirst ? { watched: first, alone: second } : { watched: second, alone: first });
      const { watched, alone } = pairs.at(-1) ?? { watched: first, alone: second };
      log(`${watched.putsPerSecond.toFixed(0)} puts/s watched, ${alone.putsPerSecond.toFixed(0)} alone`);
    }
  } finally {
    signal(pids, "SIGCONT");
    await writers.stop();
  }
  return pairs;
}

interface Measured {
  readonly etcd: EtcdCluster;
  readonly writers: Writers;
  /** Process ids. */
  readonly agents: readonly number[];
  readonly collector: number;
}

async function measureBlock(
  { etcd, writers, agents, collector }: Measured,
  isWatched: boolean,
): Promise<Block> {
  const readAgents = (): number => agents.reduce((sum, pid) => sum + readCpuSeconds(pid), 0);
  signal(agents, isWatched ? "SIGCONT" : "SIGSTOP");
  await seconds(SETTLE_SECONDS);
  writers.take();
  const before = await readFsync(etcd);
  const [agentsBefore, collectorBefore] = [readAgents(), readCpuSeconds(collector)];
  const startedMs = performance.now();
  await seconds(BLOCK_SECONDS);
  const latencies = writers.take();
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  const percentSince = (before: number, now: number): number => ((now - before) / elapsedSeconds) * 100;
  const agentsCpu = percentSince(agentsBefore, readAgents());
  const collectorCpu = percentSince(collectorBefore, readCpuSeconds(collector));
  const fsync = summarize(before, await readFsync(etcd));
  return {
    putsPerSecond: latencies.length / elapsedSeconds,
    putP99Ms: quantile(latencies, 0.99),
    ...fsync,
    agentsCpu,
    collectorCpu,
  };
}

interface Writers {
  /** Milliseconds of each write since the last call. */
  take(): readonly number[];
  stop(): Promise<void>;
}

/** Each writes again as soon as it is answered: as much as the cluster takes. */
function startWriters(etcd: EtcdCluster): Writers {
  const { pki } = etcd;
  const client = new Etcd3({
    hosts: etcd.members.map(({ clientUrl }) => clientUrl),
    credentials: {
      rootCertificate: readFileSync(pki.caPath),
      privateKey: readFileSync(pki.client.key),
      certChain: readFileSync(pki.client.cert),
    },
  });
  const value = "v".repeat(256);
  let latencies: number[] = [];
  let isStopped = false;
  async function write(writer: number): Promise<void> {
    for (let count = 0; !isStopped; count += 1) {
      const startedMs = performance.now();
      await client.put(`/harm/${writer}/${count % 100}`).value(value);
      latencies.push(performance.now() - startedMs);
    }
  }
  const written = Promise.all(Array.from({ length: WRITERS }, async (_, writer) => await write(writer)));
  // A write that fails ends the benchmark with stop().
  written.catch(() => undefined);
  return {
    take: () => {
      const taken = latencies;
      latencies = [];
      return taken;
    },
    stop: async () => {
      isStopped = true;
      await written.finally(() => client.close());
    },
  };
}

/** All members' together. */
async function readFsync(etcd: EtcdCluster): Promise<Histogram> {
  const all = await Promise.all(
    etcd.members.map(async ({ metricsUrl }) => {
      const bytes = Buffer.from(await (await fetch(`${metricsUrl}/metrics`)).arrayBuffer());
      const histogram = new MetricText(bytes).findHistograms(FSYNC).get("");
      if (histogram === undefined) {
        throw new Error(`${metricsUrl} tells no ${FSYNC}`);
      }
      return histogram;
    }),
  );
  const [first] = all;
  return {
    bounds: first?.bounds ?? [],
    counts: (first?.counts ?? []).map((_, at) => all.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0)),
    sum: all.reduce((total, { sum }) => total + sum, 0),
  };
}

/** p99 as Prometheus's histogram_quantile has it: linear within the bucket. */
function summarize(before: Histogram, after: Histogram): { fsyncMeanMs: number; fsyncP99Ms: number } {
  const counts = after.counts.map((count, at) => count - (before.counts[at] ?? 0));
  const total = counts.at(-1) ?? 0;
  const rank = 0.99 * total;
  const at = counts.findIndex((count) => count >= rank);
  const below = counts[at - 1] ?? 0;
  const lower = after.bounds[at - 1] ?? 0;
  const upper = after.bounds[at] ?? Number.NaN;
  return {
    fsyncMeanMs: ((after.sum - before.sum) / total) * 1000,
    fsyncP99Ms: (lower + ((upper - lower) * (rank - below)) / ((counts[at] ?? 0) - below)) * 1000,
  };
}

function report(own: OwnIo, pairs: readonly Pair[]): readonly BenchmarkResult[] {
  const of = (pick: (block: Block) => number): { watched: number; alone: number; percent: number } => ({
    watched: median(pairs.map(({ watched }) => pick(watched))),
    alone: median(pairs.map(({ alone }) => pick(alone))),
    percent: median(pairs.map(({ watched, alone }) => (pick(watched) / pick(alone) - 1) * 100)),
  });
  const puts = of((block) => block.putsPerSecond);
  const p99 = of((block) => block.putP99Ms);
  const mean = of((block) => block.fsyncMeanMs);
  const fsync = of((block) => block.fsyncP99Ms);
  const ms = (value: number): { value: number; unit: string } => ({ value, unit: "ms" });
  const percent = (value: number): { value: number; unit: string } => ({ value, unit: "%" });
  return [
    result("puts a second, watched", { value: puts.watched, unit: "1/s" }),
    result("puts a second, agents paused", { value: puts.alone, unit: "1/s" }),
    result("puts a second, lost by watching, median of the pairs", percent(-puts.percent), { atMost: 2 }),
    result("put p99, watched", ms(p99.watched)),
    result("put p99, agents paused", ms(p99.alone)),
    result("put p99, added by watching, median of the pairs", percent(p99.percent)),
    result("WAL fsync, mean, watched", ms(mean.watched)),
    result("WAL fsync, mean, agents paused", ms(mean.alone)),
    result("WAL fsync, mean, added by watching, median of the pairs", percent(mean.percent)),
    result("WAL fsync p99, watched", ms(fsync.watched)),
    result("WAL fsync p99, agents paused", ms(fsync.alone)),
    result("WAL fsync p99, added by watching, median of the pairs", percent(fsync.percent), { atMost: 2 }),
    result("CPU of all three agents, watched", percent(of((block) => block.agentsCpu).watched)),
    result("CPU of the collector, watched", percent(of((block) => block.collectorCpu).watched)),
    result("one agent writes to storage, a minute", { value: own.bytesPerMinute / 1024, unit: "KiB" }),
    ...(own.fsyncsPerMinute === undefined
      ? []
      : [result("one agent's fsync and fdatasync, a minute", { value: own.fsyncsPerMinute, unit: "calls" })]),
  ];
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    process.kill(pid, name);
  }
}

async function seconds(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, count * 1000));
}

export const agentHarm: Benchmark = {
  name: "agent-harm",
  method:
    `Three real etcd 3.5 members (Debian trixie) on loopback, TLS, an agent each and a collector, all on this machine. First ${OWN_SECONDS} s without load: what the agents write ` +
    `(write_bytes of /proc/PID/io) and how often they sync (strace, where it is installed). Then ${WRITERS} writers, each writing 256 bytes again as soon as it is answered: ` +
    `${PAIRS} pairs of ${BLOCK_SECONDS} s with the agents running and stopped (SIGSTOP), in alternating order; the median of the pairs' ratios. fsync is etcd's own histogram, its p99 linear within the bucket. ` +
    "Pairs scatter with the machine; the CPU of agents and collector meanwhile, in percent of one core, is what they can have taken.",
  run,
};

/** What thousands of connected agents cost one collector at their default cadence, and whether it loses anything. */
import { openForReading } from "../../collector/history/database.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { startBenchCollector } from "./bench-collector.ts";
import {
  quantile,
  result,
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkResult,
} from "./benchmark.ts";
import { createFleetLoad } from "./fleet-load.ts";
import { issueFleet } from "./issue-fleet.ts";
import { readCpuSeconds, readRssMiB } from "./process-usage.ts";
import { createTemplates, fromKeyframe, readRealFrames } from "./real-frames.ts";

const AGENTS = 5000;
/** Handshakes under way. */
const AT_ONCE = 50;
const WARM_UP_SECONDS = 15;
const WATCH_SECONDS = 60;

async function run(
  log: (line: string) => void,
  options: BenchmarkOptions,
): Promise<readonly BenchmarkResult[]> {
  const count = options.rounds ?? AGENTS;
  const dir = await createRunFolder();
  const { pkiDir, agents: issued } = await issueFleet(dir, count);
  const templates = {
    m1: createTemplates(fromKeyframe(readRealFrames("m1"))),
    m2: createTemplates(fromKeyframe(readRealFrames("m2"))),
    m3: createTemplates(fromKeyframe(readRealFrames("m3"))),
  };
  const agents = issued.map((agent) => ({ ...agent, templates: templates[agent.node] }));
  log(`${count} certificates`);
  const collector = await startBenchCollector(dir, pkiDir);
  const load = createFleetLoad(agents, collector.grpcPort);
  try {
    const cpuAtStart = readCpuSeconds(collector.pid());
    await load.connectAll(AT_ONCE);
    const connectCpu = readCpuSeconds(collector.pid()) - cpuAtStart;
    log(`all connected, ${connectCpu.toFixed(1)} CPU-s`);
    await seconds(WARM_UP_SECONDS);
    const before = load.look();
    const cpuBefore = readCpuSeconds(collector.pid());
    const startedMs = performance.now();
    let rssMiB = 0;
    for (let second = 0; second < WATCH_SECONDS; second += 1) {
      await seconds(1);
      rssMiB = Math.max(rssMiB, readRssMiB(collector.pid()));
    }
    const elapsed = (performance.now() - startedMs) / 1000;
    const cpu = readCpuSeconds(collector.pid()) - cpuBefore;
    const after = load.look();
    load.stopSending();
    await waitFor("every frame is acknowledged", () => load.look().acknowledged === load.look().sent, {
      timeoutMs: 30_000,
    });
    const { sent } = load.look();
    const problems = load.problems();
    load.close();
    await collector.stop();
    const db = openForReading(collector.historyPath);
    const kept = Number(db.prepare("SELECT sum(last - first + 1) FROM held_range").pluck().get());
    db.close();
    const frames = (value: number): { readonly value: number; readonly unit: string } => ({
      value,
      unit: "frames",
    });
    return [
      result("agents connected", { value: count - problems.length, unit: "agents" }, { atLeast: count }),
      result("collector's CPU", { value: cpu / elapsed, unit: "cores" }, { atMost: 1 }),
      result("collector's RSS, largest seen", { value: rssMiB, unit: "MiB" }, { atMost: 1000 }),
      result("frames a second", { value: (after.sent - before.sent) / elapsed, unit: "1/s" }),
      result("pings a second", { value: (after.pings - before.pings) / elapsed, unit: "1/s" }),
      result("samples a second", { value: (after.samples - before.samples) / elapsed, unit: "1/s" }),
      result("send to acknowledgement, median", { value: quantile(after.ackMs, 0.5), unit: "ms" }),
      result("send to acknowledgement, p99", { value: quantile(after.ackMs, 0.99), unit: "ms" }),
      result("frames sent and not in the history", frames(sent - kept), { atMost: 0 }),
      result("CPU to accept one agent", { value: (1000 * connectCpu) / count, unit: "ms" }),
    ];
  } finally {
    load.close();
    await collector.kill();
    await removeFolderWithMounts(dir);
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

export const fleet: Benchmark = {
  name: "fleet",
  method:
    `${AGENTS} agents (--rounds) in clusters of three from one other process on the same machine, each with its own certificate, connection and stream, each sending a real agent's frames (test/fixture/bench), one a second, and pings when an agent's session would. ` +
    `${WARM_UP_SECONDS} s of warm-up after the last is connected, ${WATCH_SECONDS} s measured; CPU is utime+stime of the collector's process, all threads, evaluation of every cluster included. ` +
    `Then every frame sent is looked for in the collector's history.`,
  run,
};

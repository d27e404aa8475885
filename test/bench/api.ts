/** What the REST API answers while agents stream: requests a second, how long they take, and a thousand open event streams. */
import { mkdirSync } from "node:fs";
import { Agent, get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { agentName, createAuthority, issue, LOOPBACK } from "../collector/ingest/test-pki.ts";
import { findFreePorts } from "../lab/free-ports.ts";
import { createLabService } from "../lab/lab-service.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { writeCollectorConfig } from "../lab/stack-config.ts";
import { waitFor } from "../lab/wait-for.ts";
import type { LoadAgent } from "./agent-load.ts";
import { quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { startPacedLoad } from "./paced-load.ts";
import { readCpuSeconds, readRssMiB } from "./process-usage.ts";
import { createTemplates, readRealFrames } from "./real-frames.ts";

const CLUSTERS = 30;
const NODES_A_CLUSTER = 3;
const CLIENTS = 8;
const ASK_SECONDS = 10;
const STREAMS = 1000;
const STREAM_SECONDS = 15;
/** So that series hold something. */
const WARM_UP_SECONDS = 20;

const cluster = (index: number): string => `bench-${index % CLUSTERS}`;
const QUESTIONS: readonly (readonly [string, (index: number) => string])[] = [
  ["clusters/{c}", (index) => `/api/v1/clusters/${cluster(index)}`],
  ["clusters", () => "/api/v1/clusters"],
  [
    "series/{metric}, 300 points, 3 nodes",
    (index) => `/api/v1/clusters/${cluster(index)}/series/etcd_status_db_size_bytes?points=300`,
  ],
  ["findings", (index) => `/api/v1/clusters/${cluster(index)}/findings`],
];

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const frames = readRealFrames("m1");
  const dir = await createRunFolder();
  const pkiDir = join(dir, "pki");
  mkdirSync(pkiDir, { recursive: true });
  const authority = await createAuthority(pkiDir);
  await issue(authority, { name: "collector", names: LOOPBACK });
  const agents: LoadAgent[] = [];
  for (let index = 0; index < CLUSTERS * NODES_A_CLUSTER; index += 1) {
    const name = cluster(Math.floor(index / NODES_A_CLUSTER));
    const node = `m${(index % NODES_A_CLUSTER) + 1}`;
    const tls = await issue(authority, { name: `${name}-${node}`, names: agentName(name, node) });
    agents.push({ cluster: name, node, tls });
  }
  const [grpcPort = 0, httpPort = 0] = await findFreePorts(2);
  const place = { ip: "127.0.0.1", grpcPort, httpPort };
  const configPath = writeCollectorConfig({
    dir,
    pkiDir,
    place,
    cluster: cluster(0),
    voters: NODES_A_CLUSTER,
    overrides: {},
  });
  const collector = createLabService({
    name: "collector",
    command: "collector",
    configPath,
    logPath: join(dir, "collector.log"),
    namespace: undefined,
  });
  const url = `http://127.0.0.1:${httpPort}`;
  try {
    await collector.start();
    await waitFor(
      "the collector is ready",
      async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true,
      { timeoutMs: 30_000 },
    );
    const load = startPacedLoad(agents, `127.0.0.1:${grpcPort}`, createTemplates(frames));
    await seconds(WARM_UP_SECONDS);
    const results: BenchmarkResult[] = [];
    for (const [name, path] of QUESTIONS) {
      const asked = await askFor(url, path);
      log(`${name}: ${asked.ms.length} answers`);
      results.push(
        result(`${name}: answered`, { value: asked.ms.length / ASK_SECONDS, unit: "requests/s" }),
        result(`${name}: median`, { value: quantile(asked.ms, 0.5), unit: "ms" }),
        result(`${name}: p99`, { value: quantile(asked.ms, 0.99), unit: "ms" }),
      );
    }
    results.push(...(await openStreams(url, collector.pid)));
    load.stop();
    const problems = load.problems();
    if (problems.length > 0) {
      throw new Error(`The load failed: ${problems.slice(0, 3).join("; ")}`);
    }
    return results;
  } finally {
    await collector.kill("SIGKILL");
    await removeFolderWithMounts(dir);
  }
}

/** Clients that ask one question after the other, each over a connection that stays. */
async function askFor(url: string, path: (index: number) => string): Promise<{ readonly ms: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const ms: number[] = [];
  const endMs = performance.now() + ASK_SECONDS * 1000;
  let index = 0;
  async function client(): Promise<void> {
    while (performance.now() < endMs) {
      index += 1;
      const beganMs = performance.now();
      const answer = await open(`${url}${path(index)}`, agent);
      for await (const _ of answer) {
        // To its end.
      }
      if (answer.statusCode !== 200) {
        throw new Error(`${path(index)} answered ${answer.statusCode}`);
      }
      ms.push(performance.now() - beganMs);
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  return { ms };
}

async function openStreams(url: string, pid: number): Promise<readonly BenchmarkResult[]> {
  const agent = new Agent({ maxSockets: Infinity });
  const rssBefore = readRssMiB(pid);
  const beganMs = performance.now();
  const firstMs: number[] = [];
  let bytes = 0;
  let ended = 0;
  const answers = await Promise.all(
    Array.from({ length: STREAMS }, async (_, index) => {
      const answer = await open(`${url}/api/v1/clusters/${cluster(index)}/stream`, agent);
      answer.once("data", () => firstMs.push(performance.now() - beganMs));
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("close", () => (ended += 1));
      return answer;
    }),
  );
  await waitFor("every stream has begun", async () => await Promise.resolve(firstMs.length === STREAMS), {
    timeoutMs: 60_000,
  });
  const opened = performance.now() - beganMs;
  bytes = 0;
  const cpuBefore = readCpuSeconds(pid);
  const watchedFromMs = performance.now();
  await seconds(STREAM_SECONDS);
  const elapsed = (performance.now() - watchedFromMs) / 1000;
  const cpu = readCpuSeconds(pid) - cpuBefore;
  const rss = readRssMiB(pid) - rssBefore;
  const lost = ended;
  for (const answer of answers) {
    answer.destroy();
  }
  agent.destroy();
  return [
    result(`${STREAMS} event streams: all opened and begun after`, { value: opened / 1000, unit: "s" }),
    result(`${STREAMS} event streams: sent`, { value: bytes / elapsed / 1024, unit: "KiB/s" }),
    result(`${STREAMS} event streams: collector's CPU, ingest included`, {
      value: (cpu / elapsed) * 100,
      unit: "% of a core",
    }),
    result(`${STREAMS} event streams: collector's RSS more`, { value: rss, unit: "MiB" }),
    result(`${STREAMS} event streams: cut off`, { value: lost, unit: "streams" }, { atMost: 0 }),
  ];
}

function open(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, resolve).on("error", reject);
  });
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

export const api: Benchmark = {
  name: "api",
  method:
    `One collector as a process, ${CLUSTERS * NODES_A_CLUSTER} agents' streams of ${CLUSTERS} clusters over real mutual TLS, one real frame a second each. ` +
    `${CLIENTS} clients ask one question after the other over kept connections, ${ASK_SECONDS} s a question; agents, clients and collector share the machine. ` +
    `Then ${STREAMS} clients hold an event stream each for ${STREAM_SECONDS} s.`,
  run,
};

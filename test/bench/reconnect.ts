/** How soon agents that all lose their collector at once are back when it starts again, and how many handshakes that takes. */
import { createStreamClient, type StreamClient } from "../../agent/stream/stream-client.ts";
import type { FrameSource } from "../../agent/spool/frame-queue.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { startBenchCollector, type BenchCollector } from "./bench-collector.ts";
import {
  quantile,
  result,
  type Benchmark,
  type BenchmarkOptions,
  type BenchmarkResult,
} from "./benchmark.ts";
import { createCpuShare } from "./cpu-share.ts";
import { issueFleet, type IssuedAgent } from "./issue-fleet.ts";
import { readCpuSeconds } from "./process-usage.ts";
import { createTemplates, fromKeyframe, readRealFrames, type FrameTemplates } from "./real-frames.ts";

const AGENTS = 150;
/** Of one core, for the collector: what 150 agents ask of it is then what 750 ask of a whole one, and those have their own processors. */
const CORE_SHARE = 0.2;
const FRAME_EVERY_MS = 1000;
/** The collector is away for so long: agents have tried a few times by then. */
const AWAY_SECONDS = 5;
const LIMIT_MS = 300_000;

interface ReconnectingAgent {
  readonly client: StreamClient;
  /** When its stream was last welcomed (monotonic). */
  welcomedAtMs(): number;
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** The agent's own session and connection, with recorded frames instead of a queue: of those that wait only the newest goes. */
function startAgent(issued: IssuedAgent, port: number, templates: FrameTemplates): ReconnectingAgent {
  const { cluster, node, tls } = issued;
  let captured = 0;
  let isFirst = true;
  let welcomedAtMs = 0;
  const place = Math.floor(Math.random() * 1000);
  const queue: FrameSource = {
    firstSequence: () => 1n,
    lastSequence: () => BigInt(captured),
    welcome: () => {
      isFirst = true;
      welcomedAtMs = performance.now();
    },
    next: (after) => {
      if (after >= BigInt(captured)) {
        return undefined;
      }
      // the first one of a stream defines every series and holds every fact
      const bytes = templates.frame(isFirst ? 0 : place + captured, captured, systemClock.nowMs());
      isFirst = false;
      return { kind: "bytes", sequence: BigInt(captured), bytes };
    },
    acknowledge: () => undefined,
    release: () => undefined,
  };
  const client = createStreamClient({
    collector: `127.0.0.1:${port}`,
    tls,
    hello: { cluster, node, agentVersion: "0.1.0", bootId: "bench", instanceId: `bench-${cluster}-${node}` },
    isForKept: false,
    queue,
    clock: systemClock,
    log: silent,
    onStreamOpen: () => undefined,
    onStreamClosed: () => undefined,
    onSettings: () => undefined,
    onClockOffset: () => undefined,
  });
  client.start();
  setTimeout(() => {
    setInterval(() => {
      captured += 1;
      client.notify(templates.isUrgent(place + captured) ? undefined : FRAME_EVERY_MS);
    }, FRAME_EVERY_MS).unref();
  }, Math.random() * FRAME_EVERY_MS);
  return { client, welcomedAtMs: () => welcomedAtMs };
}

async function readHandshakes(collector: BenchCollector): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${collector.httpPort}/metrics`);
  return Number(/^etcdscope_\w*handshakes_total (\d+)/m.exec(await answer.text())?.[1] ?? Number.NaN);
}

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
  const collector = await startBenchCollector(dir, pkiDir);
  const share = createCpuShare("etcdscope-bench", CORE_SHARE);
  const agents = issued.map((one) => startAgent(one, collector.grpcPort, templates[one.node]));
  async function untilBack(what: string): Promise<void> {
    const sinceMs = performance.now();
    let shownMs = sinceMs;
    await waitFor(
      what,
      () => {
        const states = agents.map(({ client }) => client.status().state);
        const back = states.filter((state) => state === "streaming").length;
        if (performance.now() - shownMs > 10_000) {
          shownMs = performance.now();
          log(`${back} after ${((shownMs - sinceMs) / 1000).toFixed(0)} s`);
        }
        return back === count;
      },
      { timeoutMs: LIMIT_MS },
    );
  }
  try {
    await untilBack("every agent is welcome");
    log("all connected; the collector goes");
    await collector.kill();
    await seconds(AWAY_SECONDS);
    await collector.start();
    share.hold(collector.pid());
    const startedMs = performance.now();
    const cpuBefore = readCpuSeconds(collector.pid());
    await untilBack("every agent is back");
    const cpu = readCpuSeconds(collector.pid()) - cpuBefore;
    const handshakes = await readHandshakes(collector);
    const backSeconds = agents.map((agent) => Math.max(0, agent.welcomedAtMs() - startedMs) / 1000);
    return [
      result("agents", { value: count, unit: "agents" }),
      result("from the collector's start until half are back", {
        value: quantile(backSeconds, 0.5),
        unit: "s",
      }),
      result("until all are back", { value: quantile(backSeconds, 1), unit: "s" }),
      result("collector's CPU meanwhile", { value: cpu, unit: "s" }),
      result(
        "handshakes for each agent that is back",
        { value: handshakes / count, unit: "1" },
        { atMost: 1.2 },
      ),
    ];
  } finally {
    agents.forEach(({ client }) => client.stop());
    await collector.kill();
    share.remove();
    await removeFolderWithMounts(dir);
  }
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

export const reconnect: Benchmark = {
  name: "reconnect",
  method:
    `${AGENTS} agents (--rounds) in clusters of three from one other process on the same machine, each with the agent's own session (its times, limits and backoff), certificate and connection, sending a real agent's frames, one a second. ` +
    `All are connected when the collector is killed; it is started again ${AWAY_SECONDS} s later on the same history, with ${100 * CORE_SHARE} % of one core (cgroup), so that they are as many for it as five times as many for a whole core, while they have the machine's rest. ` +
    `From the moment it is ready to the last welcome; handshakes are those that came to their end at the collector.`,
  run,
};

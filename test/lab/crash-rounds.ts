/**
 * Rounds of `kill -9` on a real collector and on a real agent's queue and streams under load, at random moments; then
 * every frame that was acknowledged is looked for in the collector's history. Run by a test (few) and a benchmark (many).
 */
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createSequenceSet, type SequenceSet } from "../../shared/sequence-set.ts";
import { compareWithHistory, type HistoryComparison } from "./compare-with-history.ts";
import { findFreePorts } from "./free-ports.ts";
import { startLabProcess, type LabProcess } from "./lab-process.ts";
import { createLabService, type LabService } from "./lab-service.ts";
import type { LoadAgentOptions } from "./load-agent.ts";
import { agentTls, issueStackCertificates, writeCollectorConfig } from "./stack-config.ts";
import { waitFor } from "./wait-for.ts";

export interface CrashRoundsOptions {
  readonly dir: string;
  /** Each kills both, one after the other; every fifth keeps the collector away until frames are on disk. */
  readonly rounds: number;
  readonly framesPerSecond: number;
  readonly log: (line: string) => void;
}

export interface CrashRoundsResult extends HistoryComparison {
  /** Streams that brought what was kept: of runs that were killed, or while the collector was away. */
  readonly keptStreams: number;
}

const CLUSTER = "lab";
const NODE = "m1";
/** The queue writes what has waited for ten seconds. */
const AWAY_MS = 12_000;

export async function runCrashRounds(options: CrashRoundsOptions): Promise<CrashRoundsResult> {
  const { dir, rounds, log } = options;
  mkdirSync(dir, { recursive: true });
  const lab = await createCrashLab(options);
  try {
    await lab.collector.start();
    await lab.startAgent();
    for (let round = 0; round < rounds; round += 1) {
      const isLong = round % 5 === 1;
      await delay(300 + Math.random() * 1500);
      if (!isLong) {
        await lab.killAgent();
        await lab.startAgent();
        await delay(300 + Math.random() * 1500);
      }
      await lab.collector.kill("SIGKILL");
      if (isLong) {
        await delay(AWAY_MS + Math.random() * 2000);
        await lab.killAgent();
        await lab.startAgent();
      }
      await lab.collector.start();
      log(`round ${round + 1} of ${rounds}${isLong ? ", with a long absence of the collector" : ""}`);
    }
    await lab.finish();
  } finally {
    await lab.stop();
  }
  return await verify(dir, lab);
}

export interface CrashLabOptions {
  readonly dir: string;
  readonly framesPerSecond: number;
  /** In the folder's own place when absent. */
  readonly historyPath?: string;
  /** Of the processes; this one's own when absent. */
  readonly agentEnv?: NodeJS.ProcessEnv;
  readonly collectorEnv?: NodeJS.ProcessEnv;
}

export interface CrashLab {
  readonly collector: LabService;
  readonly historyPath: string;
  /** One a run of the agent. */
  readonly outputs: readonly string[];
  startAgent(): Promise<void>;
  killAgent(): Promise<void>;
  /** Ends the load and waits until nothing waits any more. */
  finish(): Promise<void>;
  stop(): Promise<void>;
}

export async function createCrashLab(options: CrashLabOptions): Promise<CrashLab> {
  const { dir, framesPerSecond, agentEnv, collectorEnv } = options;
  const [grpcPort = 0, httpPort = 0] = await findFreePorts(2);
  const pkiDir = join(dir, "pki");
  await issueStackCertificates(pkiDir, CLUSTER, { nodes: [NODE], hosts: ["127.0.0.1"] });
  const collectorDir = join(dir, "collector");
  const historyPath = options.historyPath ?? join(collectorDir, "history.db");
  const collector = createLabService({
    name: "collector",
    command: "collector",
    configPath: writeCollectorConfig({
      dir: collectorDir,
      pkiDir,
      place: { ip: "127.0.0.1", grpcPort, httpPort },
      cluster: CLUSTER,
      voters: 3,
      overrides: { history: { path: historyPath } },
    }),
    logPath: join(dir, "collector.log"),
    namespace: undefined,
    ...(collectorEnv !== undefined && { env: collectorEnv }),
  });
  const load: LoadAgentOptions = {
    collectors: [`127.0.0.1:${grpcPort}`],
    tls: agentTls(pkiDir, CLUSTER, NODE),
    cluster: CLUSTER,
    node: NODE,
    spoolDir: join(dir, "spool"),
    framesPerSecond,
  };
  const outputs: string[] = [];
  let agent: LabProcess | undefined;
  return {
    collector,
    historyPath,
    outputs,
    startAgent: async () => {
      const logPath = join(dir, `agent-${outputs.length}.out`);
      outputs.push(logPath);
      const script = join(import.meta.dirname, "load-agent.ts");
      agent = await startLabProcess({
        command: [process.execPath, script, JSON.stringify(load)],
        logPath,
        ...(agentEnv !== undefined && { env: agentEnv }),
      });
      await waitFor("the agent runs", () => readFileSync(logPath, "utf8").includes("\nstatus "), {
        timeoutMs: 30_000,
        intervalMs: 50,
      });
    },
    killAgent: async () => await agent?.stop("SIGKILL"),
    finish: async () => {
      agent?.kill("SIGUSR1");
      const output = outputs.at(-1) ?? "";
      await waitFor("nothing waits any more", () => isEmpty(output, join(dir, "spool")), {
        timeoutMs: 120_000,
        describeLast: () => readFileSync(output, "utf8").trimEnd().split("\n").slice(-3).join("\n"),
      });
    },
    stop: async () => {
      await agent?.stop("SIGTERM");
      await collector.kill("SIGTERM");
    },
  };
}

function isEmpty(output: string, spoolDir: string): boolean {
  const last = readFileSync(output, "utf8")
    .trimEnd()
    .split("\n")
    .filter((line) => line.startsWith("status "))
    .at(-1);
  return (
    last !== undefined &&
    / memory 0 waiting 0 /.test(last) &&
    !readdirSync(spoolDir).some((name) => name.endsWith(".spool"))
  );
}

async function verify(dir: string, lab: CrashLab): Promise<CrashRoundsResult> {
  const acknowledged = await readAcknowledged(lab.outputs);
  return { ...(await compareWithHistory(lab.historyPath, acknowledged)), keptStreams: countKept(dir) };
}

/** By run of the agent: what its streams were told to be durable. */
export async function readAcknowledged(
  outputs: readonly string[],
): Promise<ReadonlyMap<string, SequenceSet>> {
  const runs = new Map<string, SequenceSet>();
  for (const output of outputs) {
    for await (const line of createInterface({ input: createReadStream(output) })) {
      const [what, , instanceId = "", first = "", last = ""] = line.split(" ");
      // the last line of a run that was killed may be torn
      if (what === "acknowledged" && /^\d+$/.test(last)) {
        const set = runs.get(instanceId) ?? createSequenceSet();
        runs.set(instanceId, set);
        set.add(BigInt(first), BigInt(last));
      }
    }
  }
  return runs;
}

/** As the collector's log tells: streams that carried what was kept. */
function countKept(dir: string): number {
  const path = join(dir, "collector.log");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text.split("Stream of what an agent had kept is open.").length - 1;
}

/**
 * One soak: a collector as a process, a process full of agents, and what the plan does to both; then everything that was acknowledged is
 * looked for in the history.
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createSequenceSet } from "../../shared/sequence-set.ts";
import { startBenchCollector, type BenchCollector } from "../bench/bench-collector.ts";
import { issueFleet, type IssuedFleet } from "../bench/issue-fleet.ts";
import { agentName, createAuthority, issue } from "../collector/ingest/test-pki.ts";
import { AGENT, readSamples } from "../fuzz/samples.ts";
import { compareWithHistory, type HistoryComparison } from "../lab/compare-with-history.ts";
import { waitFor } from "../lab/wait-for.ts";
import { disturb, type SoakLab } from "./disturb.ts";
import { bySpan, fitSlope, type Slope, type TimedValue } from "./fit-slope.ts";
import type { FleetLook } from "./fleet-calls.ts";
import { planSoak, type SoakPart } from "./plan-soak.ts";
import type { Garbage } from "./send-garbage.ts";
import { startSoakFleet, type SoakFleet } from "./soak-fleet.ts";
import { createTally } from "./tally.ts";
import { watchCollector, type CollectorWatch, type Descriptors } from "./watch-collector.ts";

export interface SoakOptions {
  readonly dir: string;
  readonly minutes: number;
  readonly agents: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface MemoryReport {
  readonly startMiB: number;
  readonly endMiB: number;
  readonly maxMiB: number;
  /** After the warm-up. */
  readonly slope: Slope;
}

export interface SoakReport {
  /** What must not be: empty when the soak is passed. */
  readonly failures: readonly string[];
  readonly comparison: HistoryComparison;
  readonly restarts: FleetLook;
  readonly steady: FleetLook;
  readonly rss: MemoryReport;
  /** Heap in use on the main thread, the least of each minute: what is left after collections of garbage. */
  readonly heap: MemoryReport;
  readonly descriptors: { readonly start: Descriptors; readonly end: Descriptors };
  readonly done: ReadonlyMap<string, number>;
  /** The collector's counters over all its lives. */
  readonly counters: ReadonlyMap<string, number>;
  /** What the collector logged as a warning or worse, by sentence. */
  readonly collectorLog: ReadonlyMap<string, number>;
}

/**
 * A collector that grows faster than this has used up what its unit allows it (2 GB) within a day, beside the 0.8 GB of 500 agents. The
 * slope of minutes is not known well enough to ask for less, and that of a few minutes is that of a process that becomes warm: it is
 * told, but not judged.
 */
const MOST_MIB_AN_HOUR = 50;
const LEAST_JUDGED_MS = 15 * 60_000;
const RSS_SPAN_MS = 30_000;
const HEAP_SPAN_MS = 60_000;
/** In a short run there are at least so many points. */
const LEAST_SPANS = 10;
const SETTLE_MS = 180_000;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { dir, agents, log } = options;
  const plan = planSoak(options);
  const issued = await issueFleet(dir, agents);
  const garbage = await prepareGarbage(dir, issued);
  const collector = await startBenchCollector(dir, issued.pkiDir);
  const fleet = startSoakFleet();
  const watch = watchCollector(collector);
  try {
    const lab = createSoakLab({ collector, fleet, watch, issued, garbage });
    await fleet.call("start", {
      dir: join(dir, "spool"),
      collectorPort: collector.grpcPort,
      agents: issued.agents,
    });
    await waitUntilDelivered(fleet);
    log(`${agents} agents are connected`);
    await runPart(lab, plan.restarts, log);
    const restarts = await waitUntilDelivered(fleet);
    await fleet.call("forgetTimes");
    const start = await watch.readQuiet(agents);
    log(`the part with restarts is over; ${start.openFiles} open files, ${start.threads} threads`);
    const steadyFromMs = performance.now();
    await runPart(lab, plan.steady, log);
    const steadyToMs = performance.now();
    await fleet.call("endFrames");
    const steady = await waitUntilDelivered(fleet);
    const end = await watch.readQuiet(agents, start);
    watch.stop();
    lab.assertAlive();
    const acknowledged = await fleet.call("acknowledged");
    await fleet.end();
    await collector.stop();
    log("the history is read");
    const comparison = await compareWithHistory(
      collector.historyPath,
      new Map(
        acknowledged.map(([run, ranges]) => [
          run,
          createSequenceSet(ranges.map(([first, last]) => ({ first: BigInt(first), last: BigInt(last) }))),
        ]),
      ),
    );
    const span = { fromMs: steadyFromMs, warmMs: steadyFromMs + plan.steady.warmUpMs, toMs: steadyToMs };
    const rss = reportMemory(watch.rss, span, { spanMs: RSS_SPAN_MS });
    const report = {
      comparison,
      restarts,
      steady,
      rss,
      heap: reportMemory(watch.heap, span, { spanMs: HEAP_SPAN_MS, pick: leastOf }),
      descriptors: { start, end },
      done: lab.tally.entries(),
      counters: watch.counters(),
      collectorLog: await countLog(collector.logPath),
    };
    const isJudged = span.toMs - span.warmMs >= LEAST_JUDGED_MS;
    return { ...report, failures: [...judge(comparison), ...(isJudged ? judgeSlope(rss.slope) : [])] };
  } finally {
    watch.stop();
    await fleet.end();
    await collector.kill();
  }
}

type Lab = SoakLab & { assertAlive(): void };

interface LabParts {
  readonly collector: BenchCollector;
  readonly fleet: SoakFleet;
  readonly watch: CollectorWatch;
  readonly issued: IssuedFleet;
  readonly garbage: Garbage;
}

function createSoakLab({ collector, fleet, watch, issued, garbage }: LabParts): Lab {
  let turn = Promise.resolve();
  let isOurs = false;
  let life = collector.pid();

  /** Its pid changes by our hand only. */
  function assertAlive(): void {
    if (!isOurs && collector.pid() !== life) {
      throw new Error("The collector has ended by itself");
    }
  }

  async function act(what: () => Promise<void>): Promise<void> {
    assertAlive();
    // a flood may keep it from answering: then the last answer counts
    await watch.readMetrics().catch(() => undefined);
    isOurs = true;
    try {
      await what();
    } finally {
      if (collector.pid() !== life) {
        watch.beginLife();
      }
      life = collector.pid();
      isOurs = false;
    }
  }

  return {
    collector,
    fleet,
    garbage,
    agents: issued.agents.length,
    clusters: [...new Set(issued.agents.map(({ cluster }) => cluster))],
    tally: createTally(),
    assertAlive,
    withCollector: async (what) => {
      const mine = turn.then(() => act(what));
      turn = mine.catch(() => undefined);
      await mine;
    },
  };
}

async function prepareGarbage(dir: string, { authority }: IssuedFleet): Promise<Garbage> {
  const samples = await readSamples();
  const other = await createAuthority(join(dir, "other-pki"));
  const names = agentName(AGENT.cluster, AGENT.node);
  return {
    hellos: samples.hello,
    frames: samples.stream,
    certified: await issue(authority, { name: "garbage", names }),
    foreign: await issue(other, { name: "garbage", names }),
  };
}

/** Begins everything at its time, whatever is still under way, and ends when all of it is over. */
async function runPart(lab: Lab, part: SoakPart, log: (line: string) => void): Promise<void> {
  const beganMs = performance.now();
  const running: Promise<void>[] = [];
  let failure: Error | undefined;
  for (const planned of part.disturbances) {
    await waitUntil(beganMs + planned.afterMs, lab);
    log(`${((performance.now() - beganMs) / 1000).toFixed(0)} s  ${planned.kind}`);
    running.push(
      disturb(lab, planned).catch((error: unknown) => {
        failure ??= new Error(`${planned.kind}: ${String(error)}`, { cause: error });
      }),
    );
    if (failure !== undefined) {
      break;
    }
  }
  await Promise.all(running);
  if (failure !== undefined) {
    throw failure;
  }
  await waitUntil(beganMs + part.lengthMs, lab);
}

async function waitUntil(atMs: number, lab: Lab): Promise<void> {
  for (let leftMs = atMs - performance.now(); leftMs > 0; leftMs = atMs - performance.now()) {
    lab.assertAlive();
    await delay(Math.min(1000, leftMs));
  }
}

async function waitUntilDelivered(fleet: SoakFleet): Promise<FleetLook> {
  let look = await fleet.call("look");
  await waitFor(
    "every agent streams, and what was kept is delivered",
    async () => {
      look = await fleet.call("look");
      // what is on its way right now is no backlog
      return look.streaming === look.agents && look.spoolBytes === 0 && look.waitingFrames <= 2 * look.agents;
    },
    { timeoutMs: SETTLE_MS, describeLast: () => JSON.stringify(look) },
  );
  return look;
}

function leastOf(values: readonly number[]): number {
  return Math.min(...values);
}

function reportMemory(
  values: readonly TimedValue[],
  of: { readonly fromMs: number; readonly warmMs: number; readonly toMs: number },
  by: { readonly spanMs: number; readonly pick?: (values: readonly number[]) => number },
): MemoryReport {
  const steady = values.filter(({ atMs }) => atMs >= of.fromMs && atMs <= of.toMs);
  const warm = steady.filter(({ atMs }) => atMs >= of.warmMs);
  const spanMs = Math.min(by.spanMs, (of.toMs - of.warmMs) / (LEAST_SPANS + 1));
  return {
    startMiB: steady[0]?.value ?? Number.NaN,
    endMiB: steady.at(-1)?.value ?? Number.NaN,
    maxMiB: Math.max(...steady.map(({ value }) => value)),
    slope: fitSlope(bySpan(warm, spanMs, by.pick)),
  };
}

async function countLog(path: string): Promise<ReadonlyMap<string, number>> {
  const tally = createTally();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (!line.startsWith("{")) {
      tally.count(`not a line of a log: ${line}`);
      continue;
    }
    const { level, msg, reason } = JSON.parse(line) as Readonly<Record<string, string>>;
    if (level !== "info") {
      tally.count(`${level}: ${msg}${reason === undefined ? "" : ` (${reason})`}`);
    }
  }
  return tally.entries();
}

function judge({ acknowledged, missing, duplicates }: HistoryComparison): readonly string[] {
  return [
    ...(acknowledged > 0 ? [] : ["nothing was acknowledged"]),
    ...(missing === 0 ? [] : [`${missing} acknowledged frames are missing`]),
    ...(duplicates === 0 ? [] : [`${duplicates} frames are visible twice`]),
  ];
}

function judgeSlope({ perHour, standardError }: Slope): readonly string[] {
  const least = perHour - 2 * standardError;
  return least <= MOST_MIB_AN_HOUR
    ? []
    : [`RSS grows by ${least.toFixed(0)} MiB an hour at least: ${MOST_MIB_AN_HOUR} are allowed`];
}

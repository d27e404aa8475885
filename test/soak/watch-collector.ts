/** Looks at a collector's process once a second, and every few seconds at what it tells of itself, over all of its lives. */
import type { BenchCollector } from "../bench/bench-collector.ts";
import { readOpenFiles, readRssMiB, readThreads } from "../bench/process-usage.ts";
import { httpGet } from "../lab/http-get.ts";
import { waitFor } from "../lab/wait-for.ts";
import type { TimedValue } from "./fit-slope.ts";

export interface Descriptors {
  readonly openFiles: number;
  readonly threads: number;
}

export interface CollectorWatch {
  /** RSS in MiB, once a second; heap in use as the collector tells, in MiB. Of the life that runs. */
  readonly rss: readonly TimedValue[];
  readonly heap: readonly TimedValue[];
  /** A new life begins: what was seen of the one before goes, but for its counters. */
  beginLife(): void;
  /** Totals of the collector's counters over all lives, as its /metrics names them. */
  counters(): ReadonlyMap<string, number>;
  /** Asks for the metrics now: also before a life is ended. */
  readMetrics(): Promise<ReadonlyMap<string, number>>;
  /** Descriptors and threads once the collector has the connections of so many agents and no others. */
  readQuiet(agents: number, atMost?: Descriptors): Promise<Descriptors>;
  stop(): void;
}

const LOOK_MS = 1000;
const ASK_MS = 5000;
/** Dead connections are gone after nine seconds, unproven ones after ten. */
const QUIET_WITHIN_MS = 90_000;
/** A look may meet a file that is read again once a minute. */
const QUIET_LOOKS = 20;
const MIB = 1024 * 1024;

export function watchCollector(collector: BenchCollector): CollectorWatch {
  const rss: TimedValue[] = [];
  const heap: TimedValue[] = [];
  const totals = new Map<string, number>();
  let ofLife: ReadonlyMap<string, number> = new Map();
  let isAsking = false;

  function look(): void {
    const pid = collector.pid();
    if (pid !== 0) {
      rss.push({ atMs: performance.now(), value: readRssMiB(pid) });
    }
  }

  async function readMetrics(): Promise<ReadonlyMap<string, number>> {
    const { body } = await httpGet({ port: collector.httpPort, socketPath: undefined }, "/metrics");
    ofLife = parseMetrics(body);
    heap.push({
      atMs: performance.now(),
      value: (ofLife.get("nodejs_heap_size_used_bytes") ?? Number.NaN) / MIB,
    });
    return ofLife;
  }

  function ask(): void {
    if (!isAsking) {
      isAsking = true;
      readMetrics()
        // killed, frozen or flooded: there is a next time
        .catch(() => undefined)
        .finally(() => {
          isAsking = false;
        });
    }
  }

  const timers = [setInterval(look, LOOK_MS), setInterval(ask, ASK_MS)];

  function counters(): ReadonlyMap<string, number> {
    const sum = new Map(totals);
    for (const [name, value] of ofLife) {
      if (/_total(\{|$)/.test(name)) {
        sum.set(name, (sum.get(name) ?? 0) + value);
      }
    }
    return sum;
  }

  function readDescriptors(): Descriptors {
    const pid = collector.pid();
    return { openFiles: readOpenFiles(pid), threads: readThreads(pid) };
  }

  async function readQuiet(agents: number, atMost?: Descriptors): Promise<Descriptors> {
    let last = "";
    let quiet = readDescriptors();
    async function isQuiet(): Promise<boolean> {
      const metrics = await readMetrics();
      const connections = metrics.get("etcdscope_ingest_connections");
      const streams = metrics.get("etcdscope_api_event_streams");
      quiet = readDescriptors();
      last = `${connections} connections, ${streams} event streams, ${quiet.openFiles} open files, ${quiet.threads} threads`;
      const isFlat =
        atMost === undefined || (quiet.openFiles <= atMost.openFiles && quiet.threads <= atMost.threads);
      return connections === agents && streams === 0 && isFlat;
    }
    await waitFor(
      atMost === undefined
        ? `the collector has ${agents} connections and no others`
        : `the collector has no more than ${atMost.openFiles} open files and ${atMost.threads} threads again`,
      isQuiet,
      { timeoutMs: QUIET_WITHIN_MS, describeLast: () => last },
    );
    for (let i = 0; i < QUIET_LOOKS && atMost === undefined; i += 1) {
      const { openFiles, threads } = readDescriptors();
      quiet = { openFiles: Math.min(quiet.openFiles, openFiles), threads: Math.max(quiet.threads, threads) };
      await readMetrics();
    }
    return quiet;
  }

  return {
    rss,
    heap,
    beginLife: () => {
      for (const [name, value] of counters()) {
        totals.set(name, value);
      }
      ofLife = new Map();
      rss.length = 0;
      heap.length = 0;
    },
    counters,
    readMetrics,
    readQuiet,
    stop: () => timers.forEach(clearInterval),
  };
}

/** Name with its labels → value. */
function parseMetrics(text: string): ReadonlyMap<string, number> {
  return new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

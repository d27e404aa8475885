/** How long `?at=` takes: a cluster of three at any moment within full resolution, from recorded frames. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_THRESHOLDS } from "../../collector/diagnosis/thresholds.ts";
import { createPastClusters } from "../../collector/past-clusters.ts";
import { systemClock } from "../../shared/clock.ts";
import { median, quantile, result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { makeHistory } from "./made-history.ts";
import { readRealFrames, RECORDED_NODES } from "./real-frames.ts";
import { openHistory } from "../lab/open-history.ts";

const HOURS = 4;
const MOMENTS = 40;

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "etcdscope-past-"));
  const path = join(folder, "history.db");
  const nowMs = systemClock.nowMs();
  for (const node of RECORDED_NODES) {
    log(`${HOURS} h of ${node}`);
    const real = readRealFrames(node);
    makeHistory({ path, real, count: HOURS * 3600, stepMs: 1000, nowMs, isDense: false, node });
  }
  const history = await openHistory(path);
  try {
    const past = createPastClusters({
      clock: systemClock,
      thresholds: DEFAULT_THRESHOLDS,
      expectedVoters: () => RECORDED_NODES.length,
      readFrames: (cluster, fromMs, toMs) => history.frames(cluster, fromMs, toMs),
      readFindings: (cluster, fromMs, toMs) => history.findings(cluster, fromMs, toMs),
      readFactsAt: (query) => history.factsAt(query),
      forgottenAfterMs: Infinity,
    });
    const times: number[] = [];
    const cpus: number[] = [];
    // A collector's code is warm: it judges every second.
    await past.at("bench", nowMs - HOURS * 3_600_000 + 150_000);
    for (let moment = 1; moment <= MOMENTS; moment += 1) {
      // the first of each hour is as cold as it comes
      const atMs = nowMs - (((moment * 17) % MOMENTS) / MOMENTS) * (HOURS * 3_600_000 - 300_000);
      const startedMs = performance.now();
      const startedUs = process.cpuUsage();
      const then = await past.at("bench", atMs);
      times.push(performance.now() - startedMs);
      const { user, system } = process.cpuUsage(startedUs);
      cpus.push((user + system) / 1000);
      if (then?.state.members.length !== RECORDED_NODES.length) {
        throw new Error(`Expected a state of ${RECORDED_NODES.length} members`);
      }
    }
    const ms = (value: number): { readonly value: number; readonly unit: string } => ({ value, unit: "ms" });
    return [
      result(`a moment of a cluster of three, worst of ${MOMENTS}`, ms(quantile(times, 1)), { atMost: 300 }),
      result("a moment of a cluster of three, median", ms(median(times))),
      result("CPU of all threads, worst", ms(quantile(cpus, 1))),
      result("CPU of all threads, median", ms(median(cpus))),
    ];
  } finally {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const timeTravel: Benchmark = {
  name: "time-travel",
  method:
    `${HOURS} h of three agents (test/fixture/bench) in one history, compacted but for the last hour; ${MOMENTS} moments spread over it, none twice. ` +
    `Reading, folding and evaluating two minutes of frames, as the API does for ?at=, without HTTP and JSON; after one moment that is not counted, as a running collector's code is warm.`,
  run,
};

/** `npm run bench -- trouble`: what a full disk, a garbled history and clocks that are set back lose or double, with real processes under load. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { compareWithHistory, type HistoryComparison } from "../lab/compare-with-history.ts";
import { createCrashLab, readAcknowledged, type CrashLab } from "../lab/crash-rounds.ts";
import { createDisk } from "../lab/disk.ts";
import { createFakeTime } from "../lab/fake-time.ts";
import { createRunFolder, removeFolderWithMounts } from "../lab/run-folder.ts";
import { waitFor } from "../lab/wait-for.ts";
import { result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";

const FRAMES_PER_SECOND = 50;
const DISK_BYTES = 48 * 1024 * 1024;
const FULL_MS = 8000;
const STEP_SECONDS = -3600;
const AFTER_STEP_MS = 6000;

async function countAcknowledged(lab: CrashLab): Promise<bigint> {
  const runs = await readAcknowledged(lab.outputs);
  return [...runs.values()]
    .flatMap((set) => set.ranges())
    .reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

/** Seconds until something more is acknowledged. */
async function untilMore(lab: CrashLab, than: bigint): Promise<number> {
  const beganMs = performance.now();
  await waitFor("acknowledgements", async () => (await countAcknowledged(lab)) > than, {
    timeoutMs: 90_000,
    intervalMs: 200,
  });
  return (performance.now() - beganMs) / 1000;
}

async function run(log: (line: string) => void): Promise<readonly BenchmarkResult[]> {
  const dir = await createRunFolder();
  const disk = await createDisk({ dir, name: "disk", sizeBytes: DISK_BYTES });
  const [ofAgent, ofCollector] = [await createFakeTime(dir, "agent"), await createFakeTime(dir, "collector")];
  if (disk.kind === "unavailable" || ofAgent.kind === "unavailable" || ofCollector.kind === "unavailable") {
    const missing = [disk, ofAgent, ofCollector].flatMap((one) =>
      one.kind === "unavailable" ? [one.because] : [],
    );
    throw new Error(missing.join("; "));
  }
  const labDir = join(dir, "trouble");
  mkdirSync(labDir);
  const lab = await createCrashLab({
    dir: labDir,
    framesPerSecond: FRAMES_PER_SECOND,
    historyPath: join(disk.mountPoint, "history.db"),
    agentEnv: ofAgent.env,
    collectorEnv: ofCollector.env,
  });
  try {
    await lab.collector.start();
    await lab.startAgent();
    await untilMore(lab, 0n);

    await disk.fill();
    await delay(FULL_MS);
    const whileFull = await countAcknowledged(lab);
    await delay(1000);
    const moreWhileFull = (await countAcknowledged(lab)) - whileFull;
    disk.free();
    const afterFullSeconds = await untilMore(lab, whileFull + moreWhileFull);
    log(`disk full: acknowledges again ${afterFullSeconds.toFixed(1)} s after there is space`);

    const stepped: number[] = [];
    for (const time of [ofAgent, ofCollector]) {
      const before = await countAcknowledged(lab);
      time.setBy(STEP_SECONDS);
      stepped.push(await untilMore(lab, before));
      await delay(AFTER_STEP_MS);
    }
    log(`clocks set back: acknowledges again after ${stepped.map((one) => one.toFixed(1)).join(" and ")} s`);

    await lab.finish();
    await lab.killAgent();
    await lab.collector.kill("SIGTERM");
    const before = await compareWithHistory(lab.historyPath, await readAcknowledged(lab.outputs));

    // an hour ago the certificates of this run were not valid yet
    ofAgent.setBy(0);
    ofCollector.setBy(0);
    const runs = lab.outputs.length;
    for (const end of ["-wal", "-shm"]) {
      rmSync(`${lab.historyPath}${end}`, { force: true });
    }
    writeFileSync(lab.historyPath, Buffer.alloc(65_536, "no database "));
    await lab.collector.start();
    await lab.startAgent();
    const garbled = performance.now();
    await waitFor(
      "acknowledgements",
      async () => (await readAcknowledged(lab.outputs.slice(runs))).size > 0,
      {
        timeoutMs: 90_000,
        intervalMs: 200,
      },
    );
    const afterGarbleSeconds = (performance.now() - garbled) / 1000;
    log(`garbage: acknowledges ${afterGarbleSeconds.toFixed(1)} s after the agent is there`);
    await delay(3000);
    await lab.finish();
    await lab.killAgent();
    await lab.collector.kill("SIGTERM");
    const after = await compareWithHistory(lab.historyPath, await readAcknowledged(lab.outputs.slice(runs)));
    const aside = readdirSync(dirname(lab.historyPath)).filter((name) => name.includes(".damaged-")).length;
    return [
      ...compared("full disk and clocks", before),
      result("acknowledged in the last second of the full disk", frames(Number(moreWhileFull)), {
        atMost: 0,
      }),
      result("first acknowledgement after there is space", seconds(afterFullSeconds), { atMost: 30 }),
      result("after the agent's clock went back an hour", seconds(stepped[0] ?? Number.NaN), { atMost: 5 }),
      result("after the collector's clock went back an hour", seconds(stepped[1] ?? Number.NaN), {
        atMost: 5,
      }),
      ...compared("after garbage", after),
      result("garbled files put aside", { value: aside, unit: "files" }, { atLeast: 1 }),
      result("first acknowledgement after garbage", seconds(afterGarbleSeconds), { atMost: 30 }),
    ];
  } finally {
    await lab.stop();
    await disk.remove();
    await removeFolderWithMounts(dir);
  }
}

function compared(what: string, found: HistoryComparison): readonly BenchmarkResult[] {
  return [
    result(`${what}: frames acknowledged`, frames(found.acknowledged)),
    result(`${what}: acknowledged frames missing`, frames(found.missing), { atMost: 0 }),
    result(`${what}: duplicates visible`, frames(found.duplicates), { atMost: 0 }),
  ];
}

function frames(value: number): { readonly value: number; readonly unit: string } {
  return { value, unit: "frames" };
}

function seconds(value: number): { readonly value: number; readonly unit: string } {
  return { value, unit: "s" };
}

export const trouble: Benchmark = {
  name: "trouble",
  method:
    `A real collector process over mutual TLS, and the agent's real queue, spool and streams in a process of their own under ${FRAMES_PER_SECOND} frames of 40 samples a second (root). ` +
    `The collector's disk, a loop mount of 48 MiB, is filled to its last block for ${FULL_MS / 1000} s and freed; the wall clock of the agent's process, and then of the collector's, goes back by an hour (libfaketime; the monotonic clock goes on); ` +
    `everything acknowledged is looked for in the history. Then the history's file is replaced by garbage, both are started again, and the same is done with what is acknowledged from then on.`,
  run,
};

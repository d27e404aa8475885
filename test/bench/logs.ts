/** `etcdscope logs` over a gigabyte: real lines of every captured fault and format, repeated, each with its digits moved on. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { result, type Benchmark, type BenchmarkResult } from "./benchmark.ts";
import { readCpuSeconds } from "./process-usage.ts";

const ROOT = join(import.meta.dirname, "../..");
const FIXTURES = join(ROOT, "test/fixture/logs");
const BYTES = 1e9;

export const logs: Benchmark = {
  name: "logs",
  method:
    "One file of 1 GB: all lines of test/fixture/logs over and over, times and identifiers changed at each turn so that " +
    "no line comes twice. `bin/etcdscope logs FILE` and `--json FILE > /dev/null`, the file in the page cache; wall clock from " +
    "spawn to exit, peak resident memory as the kernel gives it (VmHWM, read ten times a second).",
  run: async (log) => {
    const dir = join(ROOT, ".cache/bench");
    mkdirSync(dir, { recursive: true });
    const file = join(dir, `logs-${process.pid}.log`);
    try {
      const lines = generate(file);
      log(`${lines} lines written`);
      return [
        ...(await measure("logs", ["logs", file])),
        ...(await measure("logs --json", ["logs", "--json", file])),
      ];
    } finally {
      rmSync(file, { force: true });
    }
  },
};

function generate(path: string): number {
  const text = readdirSync(FIXTURES)
    .flatMap((kind) =>
      readdirSync(join(FIXTURES, kind)).map((name) => readFileSync(join(FIXTURES, kind, name), "utf8")),
    )
    .join("");
  const file = openSync(path, "w");
  let lines = 0;
  for (let written = 0, turn = 0; written < BYTES; turn += 1) {
    const seed = String(turn).padStart(4, "0");
    // The fraction of the second, and the middle of every identifier.
    const block = text
      .replaceAll(/(:\d\d\.)\d{3}/g, `$1${seed.slice(-3)}`)
      .replaceAll(/\b([0-9a-f]{6})[0-9a-f]{4}([0-9a-f]{6})\b/g, `$1${seed}$2`);
    written += writeSync(file, block);
    lines += block.split("\n").length - 1;
  }
  closeSync(file);
  return lines;
}

async function measure(name: string, args: readonly string[]): Promise<readonly BenchmarkResult[]> {
  const startUs = systemClock.monotonicUs();
  const child = spawn(join(ROOT, "bin/etcdscope"), args, { stdio: ["ignore", "ignore", "inherit"] });
  let peakKib = 0;
  let cpuSeconds = 0;
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      cpuSeconds = readCpuSeconds(child.pid ?? 0);
      peakKib = Math.max(peakKib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 100);
  const code = await new Promise<number | null>((settle, fail) => {
    child.on("error", fail);
    child.on("close", settle);
  });
  clearInterval(timer);
  if (code !== 0) {
    throw new Error(`${name} ended with code ${String(code)}`);
  }
  const seconds = (systemClock.monotonicUs() - startUs) / 1e6;
  return [
    result(`${name}, 1 GB`, { value: seconds, unit: "s" }, { atMost: 20 }),
    result(`${name}, CPU time`, { value: cpuSeconds, unit: "s" }),
    result(`${name}, peak memory`, { value: (peakKib * 1024) / 1e6, unit: "MB" }, { atMost: 200 }),
  ];
}

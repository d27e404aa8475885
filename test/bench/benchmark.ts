/** What a benchmark is, and the machine it ran on: printed with every figure, because a figure without them is a rumour. */
import { readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";

export interface BenchmarkResult {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** What to reach, as text ("≤ 0.67"), or null for a figure that is only reported. */
  readonly goal: string | null;
  /** null where there is no goal. */
  readonly met: boolean | null;
}

export interface Benchmark {
  readonly name: string;
  /** How it is measured, in sentences that let somebody else repeat it. */
  readonly method: string;
  readonly run: (
    log: (line: string) => void,
    options: BenchmarkOptions,
  ) => Promise<readonly BenchmarkResult[]>;
}

/** What may be said on the command line; a benchmark takes what concerns it. */
export interface BenchmarkOptions {
  /** Repetitions; its own number when absent. */
  readonly rounds?: number;
}

export interface ResultLimit {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** A figure held against its limit. */
export function result(
  figure: string,
  value: { readonly value: number; readonly unit: string },
  limit: ResultLimit = {},
): BenchmarkResult {
  const rounded = Number(value.value.toPrecision(4));
  if (limit.atMost !== undefined) {
    return {
      figure,
      value: rounded,
      unit: value.unit,
      goal: `≤ ${limit.atMost}`,
      met: value.value <= limit.atMost,
    };
  }
  if (limit.atLeast !== undefined) {
    return {
      figure,
      value: rounded,
      unit: value.unit,
      goal: `≥ ${limit.atLeast}`,
      met: value.value >= limit.atLeast,
    };
  }
  return { figure, value: rounded, unit: value.unit, goal: null, met: null };
}

/** For example "2 × AMD EPYC, 23.4 GiB, Linux 6.18 x64, Node v24.21.0". */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const gib = (totalmem() / 2 ** 30).toFixed(1);
  return `${cpus().length} × ${model}, ${gib} GiB, Linux ${release()} ${arch()}, ${debian()}, Node ${process.version}`;
}

function debian(): string {
  try {
    return /PRETTY_NAME="([^"]+)"/.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown system";
  } catch {
    return "unknown system";
  }
}

/** The value below which the share `q` of the values lies (nearest rank); NaN for none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

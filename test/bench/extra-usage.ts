/** What some processes cost another group of processes, by letting the former rest in turns: slow drifts of the latter cancel. */
import { readdirSync, readFileSync } from "node:fs";

export interface ExtraUsage {
  /** Mean CPU of one measured process while the watchers run, and while they rest, in percent of one core. */
  readonly withPercent: number;
  readonly withoutPercent: number;
  /** Mean, least and most of the turns' differences. */
  readonly extraPercent: number;
  readonly leastPercent: number;
  readonly mostPercent: number;
}

export interface Turns {
  readonly rounds: number;
  readonly blockSeconds: number;
  /** After the watchers go on, before the next block begins. */
  readonly settleSeconds: number;
}

/** Pauses and continues `watchers` by signal; they run when this resolves, and when it rejects. */
export async function measureExtra(
  measured: readonly number[],
  watchers: readonly number[],
  { rounds, blockSeconds, settleSeconds }: Turns,
): Promise<ExtraUsage> {
  const withThem: number[] = [];
  const without: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      withThem.push(await measureBlock(measured, blockSeconds));
      signal(watchers, "SIGSTOP");
      await seconds(1);
      without.push(await measureBlock(measured, blockSeconds));
      signal(watchers, "SIGCONT");
      await seconds(settleSeconds);
    }
  } finally {
    signal(watchers, "SIGCONT");
  }
  const differences = withThem.map((value, round) => value - (without[round] ?? Number.NaN));
  return {
    withPercent: mean(withThem),
    withoutPercent: mean(without),
    extraPercent: mean(differences),
    leastPercent: Math.min(...differences),
    mostPercent: Math.max(...differences),
  };
}

/** Mean CPU of one process over the block, in percent of one core. */
async function measureBlock(pids: readonly number[], forSeconds: number): Promise<number> {
  const startedNs = process.hrtime.bigint();
  const before = pids.map(readRunNs);
  await seconds(forSeconds);
  const usedNs = pids.reduce((sum, pid, index) => sum + readRunNs(pid) - (before[index] ?? 0), 0);
  return (usedNs / pids.length / Number(process.hrtime.bigint() - startedNs)) * 100;
}

/** Time on a processor of every thread that the process has now, to the nanosecond: /proc/PID/stat counts in 10 ms. */
function readRunNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
    return sum + Number(text.split(" ")[0]);
  }, 0);
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    process.kill(pid, name);
  }
}

async function seconds(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, count * 1000));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

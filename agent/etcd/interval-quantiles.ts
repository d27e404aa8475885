/** What happened in one interval, from two readings of a cumulative histogram. Quantiles are the buckets they fall into. */
import type { Histogram } from "./parse-metrics.ts";

export interface QuantileBounds {
  readonly quantile: number;
  readonly lower: number;
  /** undefined: above the last bound. */
  readonly upper: number | undefined;
}

export interface IntervalSummary {
  readonly count: number;
  readonly mean: number;
  readonly quantiles: readonly QuantileBounds[];
}

/** undefined: nothing happened in the interval. A count that went down means a restart: the interval began then. */
export function summarizeInterval(
  before: Histogram,
  after: Histogram,
  quantiles: readonly number[],
): IntervalSummary | undefined {
  const isRestart =
    before.counts.length !== after.counts.length ||
    after.counts.some((count, index) => count < (before.counts[index] ?? 0));
  const counts = after.counts.map((count, index) => count - (isRestart ? 0 : (before.counts[index] ?? 0)));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) {
    return undefined;
  }
  return {
    count: total,
    mean: Math.max(0, after.sum - (isRestart ? 0 : before.sum)) / total,
    quantiles: quantiles.map((quantile) => {
      const index = counts.findIndex((count) => count >= quantile * total);
      const upper = after.bounds[index];
      return {
        quantile,
        lower: index > 0 ? (after.bounds[index - 1] ?? 0) : 0,
        upper: upper === undefined || upper === Number.POSITIVE_INFINITY ? undefined : upper,
      };
    }),
  };
}

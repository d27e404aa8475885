/** A straight line through values over time, and how well its slope is known. Pure. */

export interface TimedValue {
  /** Monotonic. */
  readonly atMs: number;
  readonly value: number;
}

export interface Slope {
  /** In the values' unit. */
  readonly perHour: number;
  /** Of the slope, same unit: twice this on either side holds it with some 95 %. */
  readonly standardError: number;
  readonly points: number;
}

const HOUR_MS = 3_600_000;
/** So many values that know nothing of each other are left at least: with two, a line has no error. */
const LEAST_INDEPENDENT = 3;

/**
 * Least squares. Memory wanders: neighbours in time are alike, and by as much say less than as many independent values. The
 * standard error is widened by the correlation of neighbouring residuals, as for an autoregressive process of the first order.
 */
export function fitSlope(values: readonly TimedValue[]): Slope {
  const count = values.length;
  const meanMs = mean(values.map(({ atMs }) => atMs));
  const meanValue = mean(values.map(({ value }) => value));
  const spread = sum(values.map(({ atMs }) => (atMs - meanMs) ** 2));
  const perMs = sum(values.map(({ atMs, value }) => (atMs - meanMs) * (value - meanValue))) / spread;
  const residuals = values.map(({ atMs, value }) => value - meanValue - perMs * (atMs - meanMs));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const neighbours = sum(residuals.slice(1).map((residual, i) => residual * (residuals[i] ?? 0)));
  const correlation = squares === 0 ? 0 : Math.max(0, neighbours / squares);
  const independent = Math.max(LEAST_INDEPENDENT, (count * (1 - correlation)) / (1 + correlation));
  const standardError = Math.sqrt(squares / (independent - 2) / spread);
  return { perHour: perMs * HOUR_MS, standardError: standardError * HOUR_MS, points: count };
}

/** One value for each full span of so long: the mean, or what `pick` makes of what is in it. */
export function bySpan(
  values: readonly TimedValue[],
  spanMs: number,
  pick: (values: readonly number[]) => number = mean,
): readonly TimedValue[] {
  const [first] = values;
  const spans = new Map<number, number[]>();
  for (const { atMs, value } of values) {
    const span = Math.floor((atMs - (first?.atMs ?? 0)) / spanMs);
    const within = spans.get(span) ?? [];
    spans.set(span, within);
    within.push(value);
  }
  const last = Math.max(...spans.keys());
  return [...spans]
    .filter(([span]) => span < last)
    .map(([span, within]) => ({ atMs: (first?.atMs ?? 0) + (span + 0.5) * spanMs, value: pick(within) }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

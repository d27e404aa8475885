/**
 * How fast something grows over hours, from a bounded summary: one value for every ten minutes of the last day. Pure.
 */

/** Six an hour: a day is 144 of them. */
const BUCKET_MS = 600_000;
const MAX_BUCKETS = 144;
/** Two hours: shorter stretches show what somebody is doing, not where it leads. */
const MIN_BUCKETS = 12;

interface Bucket {
  readonly at: number;
  readonly value: number;
}

export interface Growth {
  /** The median of what every two values say; 0 when most of them do not agree that it grows. */
  readonly perSecond: number;
  readonly overSeconds: number;
}

export class Trend {
  readonly #keep: "lowest" | "highest";
  #buckets: readonly Bucket[] = [];
  #growth: Growth | undefined;

  /** Of each ten minutes the lowest value (what is left of a saw-tooth) or the highest one is kept. */
  constructor(keep: "lowest" | "highest") {
    this.#keep = keep;
  }

  add(value: number, nowMs: number): void {
    const at = Math.floor(nowMs / BUCKET_MS);
    const last = this.#buckets.at(-1);
    if (last?.at === at) {
      const kept = this.#keep === "lowest" ? Math.min(last.value, value) : Math.max(last.value, value);
      this.#buckets = [...this.#buckets.slice(0, -1), { at, value: kept }];
      return;
    }
    // The one that ends now is whole: the trend is of whole ones alone.
    this.#growth = measure(this.#buckets);
    // After a jump back of the clock nothing before it can be placed.
    const before = last !== undefined && at < last.at ? [] : this.#buckets;
    this.#buckets = [...before.filter((bucket) => bucket.at > at - MAX_BUCKETS), { at, value }];
  }

  /** undefined: too early to tell. */
  get growth(): Growth | undefined {
    return this.#growth;
  }
}

/** Theil and Sen's slope: half of the values may be odd ones (a backfill, a clean-up) without moving it. */
function measure(buckets: readonly Bucket[]): Growth | undefined {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined || buckets.length < MIN_BUCKETS) {
    return undefined;
  }
  const slopes: number[] = [];
  for (const [index, one] of buckets.entries()) {
    for (const other of buckets.slice(index + 1)) {
      slopes.push((other.value - one.value) / ((other.at - one.at) * (BUCKET_MS / 1000)));
    }
  }
  slopes.sort((one, other) => one - other);
  const middle = slopes[Math.floor(slopes.length / 2)] ?? 0;
  // Steady growth and steady shrinking count; a quarter that says the contrary makes it neither.
  const doubt = slopes[Math.floor(slopes.length * (middle > 0 ? 0.25 : 0.75))] ?? 0;
  return {
    perSecond: Math.sign(middle) === Math.sign(doubt) ? middle : 0,
    overSeconds: ((last.at - first.at) * BUCKET_MS) / 1000,
  };
}

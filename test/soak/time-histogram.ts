/** How often something took how long, in buckets each a twentieth wider than the one before: bounded, however much comes. */

const FIRST_MS = 0.1;
const RATIO = 1.05;
/** Up to a quarter of an hour. */
const BUCKETS = 330;

export interface TimeHistogram {
  add(ms: number): void;
  /** The upper end of the bucket in which the share `q` is reached; NaN for none. */
  quantile(q: number): number;
  clear(): void;
}

export function createTimeHistogram(): TimeHistogram {
  const counts = new Uint32Array(BUCKETS);
  let total = 0;
  return {
    add: (ms) => {
      const bucket = Math.ceil(Math.log(Math.max(ms, FIRST_MS) / FIRST_MS) / Math.log(RATIO));
      const at = Math.min(BUCKETS - 1, bucket);
      counts[at] = (counts[at] ?? 0) + 1;
      total += 1;
    },
    quantile: (q) => {
      let seen = 0;
      const bucket = total === 0 ? -1 : counts.findIndex((count) => (seen += count) >= q * total);
      return bucket < 0 ? Number.NaN : FIRST_MS * RATIO ** bucket;
    },
    clear: () => {
      counts.fill(0);
      total = 0;
    },
  };
}

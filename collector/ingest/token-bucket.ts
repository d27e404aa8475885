/** Slows down an agent that sends more frames than it may, without dropping any. Pure. */

export interface TokenBucket {
  readonly tokens: number;
  readonly updatedAtMs: number;
}

export interface BucketLimits {
  readonly perSecond: number;
  /** What may come at once after a quiet time. */
  readonly burst: number;
}

/** While slowed down, reading stops until this share of a second's tokens is back: fewer, longer pauses. */
const PAUSE_SHARE = 0.25;

export function fullBucket(limits: BucketLimits, nowMs: number): TokenBucket {
  return { tokens: limits.burst, updatedAtMs: nowMs };
}

export interface TakenToken {
  readonly bucket: TokenBucket;
  /** How long not to read; 0: go on. */
  readonly pauseMs: number;
}

/** Takes one token, into debt where there is none. `nowMs` is monotonic. */
export function takeToken(bucket: TokenBucket, limits: BucketLimits, nowMs: number): TakenToken {
  const earned = (Math.max(0, nowMs - bucket.updatedAtMs) * limits.perSecond) / 1000;
  const tokens = Math.min(limits.burst, bucket.tokens + earned) - 1;
  const missing = limits.perSecond * PAUSE_SHARE - tokens;
  return {
    bucket: { tokens, updatedAtMs: nowMs },
    pauseMs: tokens >= 0 ? 0 : Math.ceil((missing / limits.perSecond) * 1000),
  };
}

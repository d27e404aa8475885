/** Delays between tries that grow, with jitter so that a fleet does not return at once. */

export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Delay before try number `attempt` (0 for the first retry): exponential, "full jitter" between half and all of it.
 * `random` is in [0, 1).
 */
export function backoffDelayMs(attempt: number, limits: BackoffLimits, random: number): number {
  const ceiling = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Waits for a condition instead of sleeping, and says how long it took. */

import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  /** Ends the waiting with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the time is over; its text ends up in the error, so that a failure shows the last state. */
  readonly describeLast?: () => string;
}

/**
 * Looks until `look` gives something truthy (a throw counts as "not yet"), and returns the seconds it took.
 * Fails with the description, the last error and the last state.
 */
export async function waitFor(
  description: string,
  look: () => unknown,
  options: WaitOptions,
): Promise<number> {
  const startUs = systemClock.monotonicUs();
  let lastError = "";
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      if (await look()) {
        return (systemClock.monotonicUs() - startUs) / 1e6;
      }
      lastError = "";
    } catch (error) {
      lastError = error instanceof Error ? `; last error: ${error.message}` : "; last look failed";
    }
    if ((systemClock.monotonicUs() - startUs) / 1000 > options.timeoutMs) {
      const last = options.describeLast ? `; last state: ${options.describeLast()}` : "";
      throw new Error(`Waited ${options.timeoutMs / 1000} s in vain: ${description}${lastError}${last}`);
    }
    await delay(options.intervalMs ?? 100);
  }
}

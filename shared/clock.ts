/** The only door to time: everything else receives a Clock, so that tests move time by hand. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC. May step. */
  nowMs(): number;
  /** Monotonic clock, microseconds since an arbitrary start (on Linux: boot). Never steps. */
  monotonicUs(): number;
  /** Calls once after delayMs. */
  after(delayMs: number, call: () => void): Timer;
}

/** The machine's own clock. A pending timer keeps the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => Number(process.hrtime.bigint() / 1000n),
  after: (delayMs, call) => {
    const handle = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

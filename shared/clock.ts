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

/** Both are the kernel's monotonic clock; this one counts from the start of the process, and costs no garbage to read. */
const PROCESS_START_US = Number(process.hrtime.bigint() / 1000n) - Math.round(performance.now() * 1000);

/** The machine's own clock. A pending timer keeps the process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => PROCESS_START_US + Math.floor(performance.now() * 1000),
  after: (delayMs, call) => {
    const handle = setTimeout(call, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

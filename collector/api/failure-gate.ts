/** Slows down whoever guesses tokens: after some failures an address waits, whatever it then sends. Pure but for its own memory. */
import { EtcdscopeError } from "../../shared/errors.ts";

export interface FailureGate {
  /** Throws LIMIT_EXCEEDED (reason "attempts") while the address has to wait. */
  assertMayTry(address: string, nowMs: number): void;
  failed(address: string, nowMs: number): void;
}

export const FAILURES_A_MINUTE = 20;
const WINDOW_MS = 60_000;
/** The addresses that failed last; more are forgotten, oldest first. */
const MAX_ADDRESSES = 10_000;

interface Window {
  readonly beganMs: number;
  readonly failures: number;
}

export function createFailureGate(): FailureGate {
  const windows = new Map<string, Window>();

  function current(address: string, nowMs: number): Window | undefined {
    const window = windows.get(address);
    // The wall clock may step back; then the window is over as well.
    return window !== undefined && Math.abs(nowMs - window.beganMs) < WINDOW_MS ? window : undefined;
  }

  return {
    assertMayTry(address, nowMs) {
      if ((current(address, nowMs)?.failures ?? 0) >= FAILURES_A_MINUTE) {
        throw new EtcdscopeError(
          "LIMIT_EXCEEDED",
          `More than ${FAILURES_A_MINUTE} requests of this address failed to prove who asks; wait a minute`,
          { reason: "attempts" },
        );
      }
    },
    failed(address, nowMs) {
      const window = current(address, nowMs) ?? { beganMs: nowMs, failures: 0 };
      windows.delete(address);
      windows.set(address, { ...window, failures: window.failures + 1 });
      const [oldest] = windows.keys();
      if (windows.size > MAX_ADDRESSES && oldest !== undefined) {
        windows.delete(oldest);
      }
    },
  };
}

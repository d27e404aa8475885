/** A clock that tests move by hand: timers ring in order, and both clocks move together. */
import type { Clock } from "../../shared/clock.ts";

export interface ManualClock extends Clock {
  /** Moves time on and rings what falls due; between two timers, promises get their turn. */
  advance(byMs: number): Promise<void>;
  /** Sets the wall clock; the monotonic one and the timers go on. */
  setBy(byMs: number): void;
}

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly call: () => void;
}

export function createManualClock(startMs = 1_760_000_000_000): ManualClock {
  let nowMs = 0;
  let setMs = 0;
  let order = 0;
  const waiting = new Set<Waiting>();

  function nextUntil(endMs: number): Waiting | undefined {
    return [...waiting]
      .filter(({ atMs }) => atMs <= endMs)
      .sort((one, other) => one.atMs - other.atMs || one.order - other.order)[0];
  }

  async function advance(byMs: number): Promise<void> {
    const endMs = nowMs + byMs;
    await settle();
    for (let next = nextUntil(endMs); next !== undefined; next = nextUntil(endMs)) {
      waiting.delete(next);
      nowMs = Math.max(nowMs, next.atMs);
      next.call();
      await settle();
    }
    nowMs = endMs;
  }

  return {
    nowMs: () => startMs + nowMs + setMs,
    monotonicUs: () => nowMs * 1000,
    after: (delayMs, call) => {
      order += 1;
      const timer: Waiting = { atMs: nowMs + delayMs, order, call };
      waiting.add(timer);
      return { cancel: () => waiting.delete(timer) };
    },
    advance,
    setBy: (byMs) => {
      setMs += byMs;
    },
  };
}

/** Lets everything that waits for a promise go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

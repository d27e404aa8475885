/** Estimates how far this node's clock is from the collector's, from the answers to pings. Pure. */
import type { ClockOffset } from "../../shared/frame.ts";

/** Apart by more than this, beyond what their round trips explain, are two measurements between which a clock was set. */
const STEP_US = 250_000;
/** Measurements kept: the one with the shortest round trip of these is the estimate (as NTP's clock filter does). */
const KEPT = 8;

export type OffsetHistory = readonly ClockOffset[];

export interface PingRoundTrip {
  /** Node's wall clock when the ping was sent. */
  readonly sentAtUnixUs: number;
  readonly roundTripUs: number;
  /** Collector's wall clock when it read the ping. */
  readonly receivedAtUnixUs: number;
}

/** Adds a measurement, dropping the oldest beyond those kept, and all that were taken before a clock was set. */
export function recordRoundTrip(history: OffsetHistory, trip: PingRoundTrip): OffsetHistory {
  const roundTripUs = Math.max(0, Math.round(trip.roundTripUs));
  const offsetUs = Math.round(trip.sentAtUnixUs + roundTripUs / 2 - trip.receivedAtUnixUs);
  const since = history.findLastIndex(
    (one) => Math.abs(one.offsetUs - offsetUs) > STEP_US + (one.roundTripUs + roundTripUs) / 2,
  );
  return [...history.slice(since + 1), { offsetUs, roundTripUs }].slice(-KEPT);
}

/** The best known offset, or undefined before the first measurement. */
export function estimateOffset(history: OffsetHistory): ClockOffset | undefined {
  let best: ClockOffset | undefined;
  for (const one of history) {
    // of equals the newest, because clocks drift
    if (best === undefined || one.roundTripUs <= best.roundTripUs) {
      best = one;
    }
  }
  return best;
}

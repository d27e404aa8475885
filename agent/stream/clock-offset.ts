/** Estimates how far this node's clock is from the collector's, from the answers to pings. Pure. */
import type { ClockOffset } from "../../shared/frame.ts";

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

/** Adds a measurement, dropping the oldest beyond those kept. */
export function recordRoundTrip(history: OffsetHistory, trip: PingRoundTrip): OffsetHistory {
  const roundTripUs = Math.max(0, Math.round(trip.roundTripUs));
  const offsetUs = Math.round(trip.sentAtUnixUs + roundTripUs / 2 - trip.receivedAtUnixUs);
  return [...history, { offsetUs, roundTripUs }].slice(-KEPT);
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

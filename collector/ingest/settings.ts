/** What ingest asks of the agents: when each runs its fsync probe, and how long frames without news are held. Pure. */

/** The probe's interval by default; an agent with another one keeps its phase modulo its own. */
export const FSYNC_PROBE_INTERVAL_MS = 5000;

/** Offsets that divide the interval evenly, by node. The same nodes yield the same offsets, whatever their order. */
export function planFsyncPhases(nodes: Iterable<string>): ReadonlyMap<string, number> {
  const ordered = [...new Set(nodes)].sort();
  return new Map(
    ordered.map((node, index) => [node, Math.floor((index * FSYNC_PROBE_INTERVAL_MS) / ordered.length)]),
  );
}

/** Of a large fleet: three frames of the default cadence in one message. */
export const HOLD_FRAMES_MS = 2000;
/** So many agents make a fleet large, and so few end it: their number wavers. */
const LARGE_FLEET = { from: 1000, below: 800 } as const;

export function planHoldMs(agents: number, beforeMs: number): number {
  if (agents >= LARGE_FLEET.from) {
    return HOLD_FRAMES_MS;
  }
  return agents < LARGE_FLEET.below ? 0 : beforeMs;
}

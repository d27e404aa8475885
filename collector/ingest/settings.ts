/** When each agent of a cluster runs its fsync probe, so that no two members probe together. Pure. */

/** The probe's interval by default; an agent with another one keeps its phase modulo its own. */
export const FSYNC_PROBE_INTERVAL_MS = 5000;

/** Offsets that divide the interval evenly, by node. The same nodes yield the same offsets, whatever their order. */
export function planFsyncPhases(nodes: Iterable<string>): ReadonlyMap<string, number> {
  const ordered = [...new Set(nodes)].sort();
  return new Map(
    ordered.map((node, index) => [node, Math.floor((index * FSYNC_PROBE_INTERVAL_MS) / ordered.length)]),
  );
}

/** Counts by name, in the order in which they were first counted. */

export interface Tally {
  count(name: string, by?: number): void;
  entries(): ReadonlyMap<string, number>;
}

/** Different names that are counted; more are "others". */
const MAX_NAMES = 200;

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    count: (name, by = 1) => {
      const known = counts.has(name) || counts.size < MAX_NAMES ? name : "others";
      counts.set(known, (counts.get(known) ?? 0) + by);
    },
    entries: () => counts,
  };
}

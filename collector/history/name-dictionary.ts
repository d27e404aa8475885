/**
 * The history's numbers for series and probes, held on the main thread so that a frame is encoded without asking the
 * database. A number is handed out here and becomes durable with the first commit that uses it.
 */
import type { Numbering, NumberedNames, ProbeName } from "../../shared/frame-codec.ts";

/** Different series over all agents, at most. At about 200 bytes each this bounds the memory at some 200 MB. */
const MAX_SERIES = 1_000_000;
const MAX_PROBES = 100_000;

export interface NamedNumber {
  readonly id: number;
  readonly name: string;
}

export interface NamedProbe extends ProbeName {
  readonly id: number;
}

/** Names of both kinds, as they are stored. */
export interface NameTable {
  readonly series: readonly NamedNumber[];
  readonly probes: readonly NamedProbe[];
}

export interface NameDictionary extends Numbering {
  readonly names: NumberedNames;
  /** Samples and probe runs not stored because the dictionary is full. */
  leftOutTotal(): number;
  /** Numbers handed out that no commit has made durable yet: each commit carries them. */
  unconfirmed(): NameTable;
  /** A commit that carried these is durable. */
  confirm(table: NameTable): void;
}

/** Begins with what the database holds. */
export function createNameDictionary(stored: NameTable): NameDictionary {
  const seriesKeys: (string | undefined)[] = [undefined];
  const probes: (ProbeName | undefined)[] = [undefined];
  const seriesIds = new Map<string, number>();
  const probeIds = new Map<string, number>();
  const newSeries = new Map<number, NamedNumber>();
  const newProbes = new Map<number, NamedProbe>();
  let leftOut = 0;
  for (const { id, name } of stored.series) {
    put(seriesKeys, id, name);
    seriesIds.set(name, id);
  }
  for (const { id, probe, target } of stored.probes) {
    put(probes, id, { probe, target });
    probeIds.set(probeKey(probe, target), id);
  }

  function series(key: string): number {
    const known = seriesIds.get(key);
    if (known !== undefined) {
      return known;
    }
    const id = seriesKeys.length;
    if (id > MAX_SERIES) {
      return leaveOut();
    }
    seriesKeys.push(key);
    seriesIds.set(key, id);
    newSeries.set(id, { id, name: key });
    return id;
  }

  function probe(name: string, target: string): number {
    const key = probeKey(name, target);
    const known = probeIds.get(key);
    if (known !== undefined) {
      return known;
    }
    const id = probes.length;
    if (id > MAX_PROBES) {
      return leaveOut();
    }
    probes.push({ probe: name, target });
    probeIds.set(key, id);
    newProbes.set(id, { id, probe: name, target });
    return id;
  }

  function leaveOut(): number {
    leftOut += 1;
    return 0;
  }

  return {
    series,
    probe,
    leftOutTotal: () => leftOut,
    names: { seriesKeys, probes },
    unconfirmed: () => ({ series: [...newSeries.values()], probes: [...newProbes.values()] }),
    confirm: (table) => {
      table.series.forEach(({ id }) => newSeries.delete(id));
      table.probes.forEach(({ id }) => newProbes.delete(id));
    },
  };
}

function put<T>(entries: (T | undefined)[], id: number, entry: T): void {
  while (entries.length <= id) {
    entries.push(undefined);
  }
  entries[id] = entry;
}

function probeKey(probe: string, target: string): string {
  return `${probe}\u0000${target}`;
}

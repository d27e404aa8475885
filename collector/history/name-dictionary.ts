/**
 * The history's numbers for series and probes, held on the main thread so that a frame is encoded without asking the
 * database. A number is handed out here and becomes durable with the first commit that uses it.
 */
import type { AgentIdentity } from "../../shared/frame.ts";
import type { Numbering, NumberedNames, ProbeName } from "../../shared/frame-codec.ts";
import { createNameBudget } from "./name-budget.ts";

/** Different series over all agents, at most. At about 200 bytes each this bounds the memory at some 200 MB. */
const MAX_SERIES = 1_000_000;
const MAX_PROBES = 100_000;
/** Named in the log and in the finding; more would not be read. */
const MAX_OVERDRAWN = 100;

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
  /** The same numbers, but new ones only as far as this agent's share of the names goes. */
  ofAgent(agent: AgentIdentity, nowMs: number): Numbering;
  /** Samples and probe runs not stored because the dictionary is full. */
  leftOutTotal(): number;
  /** Agents, as cluster/node, whose names were not taken because their share is used up, with when that was last; 100 at most. */
  overdrawn(): ReadonlyMap<string, number>;
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
  /** By probe, then by target: a text put together of both would be hashed anew for each run of each frame. */
  const probeIds = new Map<string, Map<string, number>>();
  const newSeries = new Map<number, NamedNumber>();
  const newProbes = new Map<number, NamedProbe>();
  const budget = createNameBudget();
  const overdrawn = new Map<string, number>();
  let leftOut = 0;
  for (const { id, name } of stored.series) {
    put(seriesKeys, id, name);
    seriesIds.set(name, id);
  }
  for (const { id, probe, target } of stored.probes) {
    put(probes, id, { probe, target });
    keepProbe(probe, target, id);
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
    const known = probeIds.get(name)?.get(target);
    if (known !== undefined) {
      return known;
    }
    const id = probes.length;
    if (id > MAX_PROBES) {
      return leaveOut();
    }
    probes.push({ probe: name, target });
    keepProbe(name, target, id);
    newProbes.set(id, { id, probe: name, target });
    return id;
  }

  function keepProbe(name: string, target: string, id: number): void {
    const ofProbe = probeIds.get(name) ?? new Map<string, number>();
    probeIds.set(name, ofProbe.set(target, id));
  }

  function leaveOut(): number {
    leftOut += 1;
    return 0;
  }

  function ofAgent(agent: AgentIdentity, nowMs: number): Numbering {
    function may(length: number): boolean {
      const isAllowed = budget.mayAdd(agent, length, nowMs);
      const name = `${agent.cluster}/${agent.node}`;
      if (!isAllowed && (overdrawn.size < MAX_OVERDRAWN || overdrawn.has(name))) {
        overdrawn.set(name, nowMs);
      }
      return isAllowed;
    }
    return {
      series: (key) => seriesIds.get(key) ?? (may(key.length) ? series(key) : 0),
      probe: (name, target) =>
        probeIds.get(name)?.get(target) ?? (may(name.length + target.length) ? probe(name, target) : 0),
    };
  }

  return {
    series,
    probe,
    ofAgent,
    leftOutTotal: () => leftOut,
    overdrawn: () => overdrawn,
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

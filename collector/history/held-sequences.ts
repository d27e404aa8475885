/**
 * Which frames of each agent's run the history has taken, as ranges of sequence numbers: the one place that decides
 * whether a frame is new, whatever order frames come in and wherever they are kept by now. Writer's thread only.
 */
import { createSequenceSet, type SequenceRange } from "../../shared/sequence-set.ts";
import type { Db } from "./database.ts";

/** A migration (schema.ts). What was recorded before came in order, so that everything up to the last is held or lost. */
export const HELD_RANGE_MIGRATION = `
  CREATE TABLE held_range (
    instance INTEGER NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (instance, first)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO held_range (instance, first, last) SELECT id, 1, last_sequence FROM instance WHERE last_sequence > 0;
`;

export interface HeldSequences {
  /** Takes these sequences of a run; which of them are new. Within the transaction that keeps the frames. */
  take(instance: number, sequences: readonly number[]): Set<number>;
  /** Ascending and apart. */
  ranges(instance: number): readonly SequenceRange[];
  /** The last of all; 0 without any. */
  last(instance: number): number;
  /** What was taken was not kept, or the rows are others: nothing is remembered of them. */
  forget(): void;
}

/** Runs whose newest range is remembered: more than there are streams. */
const MAX_REMEMBERED = 20_000;

interface HeldRow {
  readonly first: number;
  readonly last: number;
}

export function createHeldSequences(db: Db): HeldSequences {
  const select = db.prepare<[number, number, number], HeldRow>(
    "SELECT first, last FROM held_range WHERE instance = ? AND first <= ? AND last >= ? ORDER BY first",
  );
  const extend = db.prepare<[number, number, number]>(
    "UPDATE held_range SET last = ? WHERE instance = ? AND first = ?",
  );
  const remove = db.prepare<[number, number]>("DELETE FROM held_range WHERE instance = ? AND first = ?");
  const insert = db.prepare<[number, number, number]>(
    "INSERT INTO held_range (instance, first, last) VALUES (?, ?, ?)",
  );
  const selectAll = db.prepare<[number], HeldRow>(
    "SELECT first, last FROM held_range WHERE instance = ? ORDER BY first",
  );

  const selectNewest = db.prepare<[number], HeldRow>(
    "SELECT first, last FROM held_range WHERE instance = ? ORDER BY first DESC LIMIT 1",
  );
  /** By run: what comes next in order, which is nearly everything, need not ask the table. */
  const newest = new Map<number, HeldRow>();

  function take(instance: number, sequences: readonly number[]): Set<number> {
    const known = newest.get(instance);
    if (known !== undefined && sequences.every((sequence, i) => sequence === known.last + 1 + i)) {
      const last = known.last + sequences.length;
      extend.run(last, instance, known.first);
      newest.set(instance, { first: known.first, last });
      return new Set(sequences);
    }
    const fresh = takeAny(instance, sequences);
    const after = selectNewest.get(instance);
    newest.delete(instance);
    if (after !== undefined && newest.size < MAX_REMEMBERED) {
      newest.set(instance, after);
    }
    return fresh;
  }

  function takeAny(instance: number, sequences: readonly number[]): Set<number> {
    const lowest = Math.min(...sequences);
    const highest = Math.max(...sequences);
    const before = select.all(instance, highest + 1, lowest - 1);
    const set = createSequenceSet(before.map(toRange));
    const fresh = new Set<number>();
    for (const sequence of sequences) {
      if (!set.has(BigInt(sequence))) {
        set.add(BigInt(sequence));
        fresh.add(sequence);
      }
    }
    if (fresh.size > 0) {
      replace(instance, before, set.ranges());
    }
    return fresh;
  }

  function replace(instance: number, before: readonly HeldRow[], after: readonly SequenceRange[]): void {
    const lastByFirst = new Map(after.map(({ first, last }) => [Number(first), Number(last)]));
    for (const { first, last } of before) {
      const nextLast = lastByFirst.get(first);
      if (nextLast === undefined) {
        remove.run(instance, first);
      } else if (nextLast !== last) {
        extend.run(nextLast, instance, first);
      }
      lastByFirst.delete(first);
    }
    for (const [first, last] of lastByFirst) {
      insert.run(instance, first, last);
    }
  }

  return {
    take,
    ranges: (instance) => selectAll.all(instance).map(toRange),
    last: (instance) => selectNewest.get(instance)?.last ?? 0,
    forget: () => newest.clear(),
  };
}

function toRange({ first, last }: HeldRow): SequenceRange {
  return { first: BigInt(first), last: BigInt(last) };
}

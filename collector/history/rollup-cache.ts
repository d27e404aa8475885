/**
 * Roll-ups that were read lately, as numbers: a page that shows a month asks for the same ones again and again, and of a row
 * with a hundred series it wants one. Rows are never changed, only replaced. On a reader's thread.
 */
import { readRollups, type RollupColumns } from "./rollup.ts";

/** Numbers held, at most: 16 MB. A month of one series has some 17,000. */
const MAX_NUMBERS = 2_000_000;
/** Of one step: its beginning, smallest, largest, mean, last and count. */
const COLUMNS = 6;
/** What a series that a row does not have counts, so that those too are bounded. */
const ABSENT_NUMBERS = 4;

export interface RollupRow {
  readonly id: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly bytes: number;
}

export interface RollupCache {
  /** Visits the wanted series that the row has. */
  read(
    row: RollupRow,
    wanted: ReadonlySet<number>,
    visit: (series: number, columns: RollupColumns) => void,
  ): void;
}

interface HeldRow {
  /** By series; undefined: the row does not have it. */
  readonly columns: Map<number, RollupColumns | undefined>;
  numbers: number;
}

export function createRollupCache(
  load: (id: number) => Uint8Array | undefined,
  maxNumbers = MAX_NUMBERS,
): RollupCache {
  /** The one that was used last is the last. */
  const rows = new Map<string, HeldRow>();
  let numbers = 0;

  function use({ id, from_ms: fromMs, to_ms: toMs, bytes }: RollupRow): HeldRow {
    // A number may come again when its row was replaced; all of this does not.
    const key = `${id}/${fromMs}/${toMs}/${bytes}`;
    const held = rows.get(key) ?? { columns: new Map(), numbers: 0 };
    rows.delete(key);
    rows.set(key, held);
    return held;
  }

  function fill(held: HeldRow, id: number, lacking: ReadonlySet<number>): void {
    const packed = load(id);
    let added = lacking.size * ABSENT_NUMBERS;
    lacking.forEach((series) => held.columns.set(series, undefined));
    if (packed !== undefined) {
      readRollups(packed, lacking, (series, columns) => {
        held.columns.set(series, columns);
        added += COLUMNS * columns.atMs.length;
      });
    }
    held.numbers += added;
    numbers += added;
  }

  function makeRoom(): void {
    for (const [key, { numbers: ofRow }] of rows) {
      if (numbers <= maxNumbers) {
        return;
      }
      rows.delete(key);
      numbers -= ofRow;
    }
  }

  return {
    read: (row, wanted, visit) => {
      const held = use(row);
      const lacking = new Set([...wanted].filter((series) => !held.columns.has(series)));
      if (lacking.size > 0) {
        fill(held, row.id, lacking);
      }
      for (const series of wanted) {
        const columns = held.columns.get(series);
        if (columns !== undefined) {
          visit(series, columns);
        }
      }
      makeRoom();
    },
  };
}

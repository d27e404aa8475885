/**
 * The samples of frames that have landed and are not in a block yet, an hour of rows for each agent: read once, then only what
 * is new. A trend asked again and again, as a console does, would read every row each time. On a reader's thread.
 */
import type { Db } from "./database.ts";
import { inflateBlob } from "./frame-blob.ts";
import { scanSamples } from "./scan-samples.ts";

/** Agents whose samples are held: those of the clusters that somebody looks at. About a megabyte each. */
const MAX_AGENTS = 24;
/** Rows between two looks at the clock. */
const CHECK_ROWS = 1024;

interface Column {
  readonly times: number[];
  readonly values: number[];
}

/** What tells the rows that were read from others: rows go when they are compacted, and then their numbers may come again. */
interface Mark {
  readonly count: number;
  readonly ids: number;
  readonly times: number;
}

interface Held {
  readonly columns: Map<number, Column>;
  lastId: number;
  mark: Mark;
}

export interface LandedSamples {
  /** Visits the samples of the wanted series in [fromMs, toMs), in the order in which their frames came. */
  read(
    query: {
      readonly agent: number;
      readonly fromMs: number;
      readonly toMs: number;
      readonly assertInTime: () => void;
    },
    wanted: ReadonlySet<number>,
    visit: (series: number, atMs: number, value: number) => void,
  ): void;
}

interface Row {
  readonly id: number;
  readonly captured_ms: number;
  readonly encoding: number;
  readonly blob: Uint8Array;
}

export function createLandedSamples(db: Db): LandedSamples {
  const selectMark = db.prepare<[number, number], Mark>(
    `SELECT count(*) AS count, coalesce(sum(id), 0) AS ids, coalesce(sum(captured_ms), 0) AS times
     FROM frame WHERE agent = ? AND id <= ?`,
  );
  const selectNew = db.prepare<[number, number], Row>(
    "SELECT id, captured_ms, encoding, blob FROM frame WHERE agent = ? AND id > ? ORDER BY id",
  );
  const agents = new Map<number, Held>();

  function refresh(agent: number, assertInTime: () => void): Held {
    const known = agents.get(agent);
    const mark = known && selectMark.get(agent, known.lastId);
    const isAsRead =
      mark?.count === known?.mark.count && mark?.ids === known?.mark.ids && mark?.times === known?.mark.times;
    const held: Held =
      known !== undefined && isAsRead
        ? known
        : { columns: new Map(), lastId: 0, mark: { count: 0, ids: 0, times: 0 } };
    agents.delete(agent);
    let { count, ids, times } = held.mark;
    for (const row of selectNew.iterate(agent, held.lastId)) {
      append(held.columns, row);
      held.lastId = row.id;
      count += 1;
      ids += row.id;
      times += row.captured_ms;
      held.mark = { count, ids, times };
      if (count % CHECK_ROWS === 0) {
        assertInTime();
      }
    }
    agents.set(agent, held);
    for (const oldest of [...agents.keys()].slice(0, Math.max(0, agents.size - MAX_AGENTS))) {
      agents.delete(oldest);
    }
    return held;
  }

  return {
    read: ({ agent, fromMs, toMs, assertInTime }, wanted, visit) => {
      const { columns } = refresh(agent, assertInTime);
      for (const series of wanted) {
        const column = columns.get(series);
        for (let i = 0; column !== undefined && i < column.times.length; i += 1) {
          const atMs = column.times[i] ?? 0;
          if (atMs >= fromMs && atMs < toMs) {
            visit(series, atMs, column.values[i] ?? 0);
          }
        }
      }
    },
  };
}

function append(columns: Map<number, Column>, row: Row): void {
  const blob = inflateBlob({ encoding: row.encoding, bytes: row.blob });
  scanSamples(blob, undefined, (series, value) => {
    let column = columns.get(series);
    if (column === undefined) {
      column = { times: [], values: [] };
      columns.set(series, column);
    }
    column.times.push(row.captured_ms);
    column.values.push(value);
  });
}

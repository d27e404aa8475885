/**
 * The samples of frames that have landed and are not in a block yet, an hour of rows for each agent: read once, then only what
 * is new. A trend asked again and again, as a console does, would read every row each time. On a reader's thread.
 */
import type { Db } from "./database.ts";
import { inflateBlob } from "./frame-blob.ts";
import { PLACE_MODULO_MS, unpackLanded } from "./landed-pack.ts";
import { scanSamples } from "./scan-samples.ts";

/** Agents whose samples are held: those of the clusters that somebody looks at. About a megabyte each. */
const MAX_AGENTS = 24;
/** Rows between two looks at the clock. */
const CHECK_ROWS = 1024;

interface Column {
  readonly times: number[];
  readonly values: number[];
}

/**
 * What tells the rows that were read from others: rows go when they are compacted, and then their numbers may come again. Rows that are
 * packed are counted where they are now, so that nothing is read again.
 */
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

interface PackRow {
  readonly id: number;
  readonly first_id: number;
  readonly last_id: number;
  readonly frames: number;
  readonly id_sum: number;
  readonly place_sum: number;
}

export function createLandedSamples(db: Db): LandedSamples {
  const selectMark = db.prepare<[number, number], Mark>(
    `SELECT count(*) AS count, coalesce(sum(id), 0) AS ids, coalesce(sum(captured_ms % ${PLACE_MODULO_MS}), 0) AS times
     FROM frame WHERE agent = ? AND id <= ?`,
  );
  const selectNew = db.prepare<[number, number], Row>(
    "SELECT id, captured_ms, encoding, blob FROM frame WHERE agent = ? AND id > ? ORDER BY id",
  );
  const selectPacks = db.prepare<[number], PackRow>(
    `SELECT id, first_id, last_id, frames, id_sum, place_sum FROM landed_pack WHERE agent = ?
     ORDER BY first_id`,
  );
  const selectBlob = db.prepare<[number], Uint8Array>("SELECT blob FROM landed_pack WHERE id = ?").pluck();
  const agents = new Map<number, Held>();

  function refresh(agent: number, assertInTime: () => void): Held {
    const known = agents.get(agent);
    const packs = selectPacks.all(agent);
    const held: Held =
      known !== undefined && isAsRead(agent, known, packs)
        ? known
        : { columns: new Map(), lastId: 0, mark: { count: 0, ids: 0, times: 0 } };
    agents.delete(agent);
    const readTo = held.lastId;
    for (const pack of packs.filter((one) => one.first_id > readTo)) {
      for (const { id, capturedMs, bytes } of unpackLanded(selectBlob.get(pack.id) ?? new Uint8Array())) {
        append(held.columns, capturedMs, bytes);
        count(held, id, capturedMs);
      }
      assertInTime();
    }
    for (const row of selectNew.iterate(agent, readTo)) {
      append(held.columns, row.captured_ms, inflateBlob({ encoding: row.encoding, bytes: row.blob }));
      count(held, row.id, row.captured_ms);
      if (held.mark.count % CHECK_ROWS === 0) {
        assertInTime();
      }
    }
    agents.set(agent, held);
    for (const oldest of [...agents.keys()].slice(0, Math.max(0, agents.size - MAX_AGENTS))) {
      agents.delete(oldest);
    }
    return held;
  }

  /** Neither does a pack hold some that were read and others. */
  function isAsRead(agent: number, { lastId, mark }: Held, packs: readonly PackRow[]): boolean {
    const rows = selectMark.get(agent, lastId) ?? { count: 0, ids: 0, times: 0 };
    const old = packs.filter(({ first_id: firstId }) => firstId <= lastId);
    return (
      old.every((pack) => pack.last_id <= lastId) &&
      old.reduce((sum, pack) => sum + pack.frames, rows.count) === mark.count &&
      old.reduce((sum, pack) => sum + pack.id_sum, rows.ids) === mark.ids &&
      old.reduce((sum, pack) => sum + pack.place_sum, rows.times) === mark.times
    );
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

function count(held: Held, id: number, capturedMs: number): void {
  const { count: before, ids, times } = held.mark;
  held.lastId = Math.max(held.lastId, id);
  held.mark = { count: before + 1, ids: ids + id, times: times + (capturedMs % PLACE_MODULO_MS) };
}

function append(columns: Map<number, Column>, capturedMs: number, blob: Uint8Array): void {
  scanSamples(blob, undefined, (series, value) => {
    let column = columns.get(series);
    if (column === undefined) {
      column = { times: [], values: [] };
      columns.set(series, column);
    }
    column.times.push(capturedMs);
    column.values.push(value);
  });
}

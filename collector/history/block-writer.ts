/** Stores what the compactor prepared, and takes away what it replaces: in one transaction, so that nothing is there twice. */
import type { Db } from "./database.ts";
import { MINUTE_MS, QUARTER_MS } from "./rollup.ts";
import type { CompactWork, MergeWork, PackWork, ThinWork, Work } from "./worker-protocol.ts";

/** Values of the column `detail`. */
export const DETAIL = { quarters: 0, minutes: 1, frames: 2 } as const;

export interface BlockWriter {
  /** One transaction. */
  store(work: Work): void;
}

export function createBlockWriter(db: Db): BlockWriter {
  const insertBlock = db
    .prepare<[number, number, number, number, number, number, number], number>(
      `INSERT INTO block (agent, from_ms, to_ms, received_to_ms, frames, samples, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    )
    .pluck();
  const insertFrames = db.prepare<[number, Uint8Array, Uint8Array, Uint8Array]>(
    "INSERT INTO block_frames (block, times, sample_values, rest) VALUES (?, ?, ?, ?)",
  );
  const insertRollup = db.prepare<[number, number, number, number, number | null, Uint8Array]>(
    "INSERT INTO rollup (agent, width_ms, from_ms, to_ms, block, rollups) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const deleteFrame = db.prepare<[number]>("DELETE FROM frame WHERE id = ?");
  const insertPack = db.prepare<[...(readonly number[]), Uint8Array]>(
    `INSERT INTO landed_pack (agent, from_ms, to_ms, received_from_ms, received_to_ms, first_id, last_id, frames, samples,
       id_sum, place_sum, blob) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const deletePack = db.prepare<[number]>("DELETE FROM landed_pack WHERE id = ?");
  const deleteFrames = db.prepare<[number]>("DELETE FROM block_frames WHERE block = ?");
  const setDetail = db.prepare<[number, number]>("UPDATE block SET detail = ? WHERE id = ?");
  const deleteRollup = db.prepare<[number]>("DELETE FROM rollup WHERE id = ?");
  function storeCompact(work: CompactWork): void {
    const { agent, fromMs, toMs, frames, samples, block } = work;
    if (frames > 0) {
      const id = insertBlock.get(agent, fromMs, toMs, work.receivedToMs, frames, samples, DETAIL.frames) ?? 0;
      insertFrames.run(id, block.times, block.values, block.rest);
      insertRollup.run(agent, QUARTER_MS, fromMs, toMs, null, work.quarters);
    }
    removeLanded(work);
  }

  function removeLanded({ frameIds, packIds }: Pick<PackWork, "frameIds" | "packIds">): void {
    for (const frame of frameIds) {
      deleteFrame.run(frame);
    }
    for (const pack of packIds) {
      deletePack.run(pack);
    }
  }

  function storePack(work: PackWork): void {
    const { agent, fromMs, toMs, receivedFromMs, receivedToMs, firstId, lastId, frames, samples } = work;
    const places = [agent, fromMs, toMs, receivedFromMs, receivedToMs, firstId, lastId];
    insertPack.run(...places, frames, samples, work.idSum, work.placeSum, work.blob);
    removeLanded(work);
  }

  function storeThin({ block, agent, fromMs, toMs, minutes }: ThinWork): void {
    deleteFrames.run(block);
    insertRollup.run(agent, MINUTE_MS, fromMs, toMs, block, minutes);
    setDetail.run(DETAIL.minutes, block);
  }

  function storeMerge({ agent, fromMs, toMs, rollupIds, quarters }: MergeWork): void {
    for (const id of rollupIds) {
      deleteRollup.run(id);
    }
    insertRollup.run(agent, QUARTER_MS, fromMs, toMs, null, quarters);
  }

  function store(work: Work): void {
    switch (work.kind) {
      case "compact":
        return storeCompact(work);
      case "pack":
        return storePack(work);
      case "thin":
        return storeThin(work);
      case "merge":
        return storeMerge(work);
    }
  }

  return { store: db.transaction(store) };
}

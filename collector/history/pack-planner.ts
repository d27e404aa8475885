/**
 * Prepares packs: rows of some minutes of one agent, within one hour, become one row of landed_pack. Packs of about the same size are
 * joined, so that an hour has few and each frame is packed some three times. On the compactor's thread.
 */
import type { Db } from "./database.ts";
import { packLanded, PLACE_MODULO_MS, unpackLanded, type LandedFrame } from "./landed-pack.ts";
import { fromRow, type FrameRow } from "./landed-row.ts";
import type { PackWork } from "./worker-protocol.ts";

/** Rows are packed when the oldest of them has been there for so much longer than the newest that may be packed. */
const PACK_MS = 240_000;
/** Rows are left alone for this long: readers have seen them, and what comes a little late is packed with what it belongs to. */
const SETTLE_MS = 30_000;
/** Removing a row takes some 10 µs, and commits wait for it. */
const MAX_ROWS = 600;
/** Of one step's rows, or of what is joined: an hour of an agent has some 1.5 MB. */
const MAX_BYTES = 4 * 1024 * 1024;
/** A pack is joined with what is new unless it is larger by more than this. */
const JOIN_RATIO = 1.5;
/** A block takes no more (compactor.ts). */
const MAX_JOINED = 3600;

export interface PackPlanner {
  /** The agent's oldest rows of the hour that begins then; undefined: nothing is due. Throws what a row that cannot be read throws. */
  pack(agent: number, hour: { readonly lengthMs: number; readonly nowMs: number }): PackWork | undefined;
}

interface Row extends FrameRow {
  readonly id: number;
}

interface PackRow {
  readonly id: number;
  readonly frames: number;
  readonly bytes: number;
}

export function createPackPlanner(db: Db): PackPlanner {
  const selectOldest = db.prepare<[number], { captured_ms: number; received_ms: number }>(
    "SELECT captured_ms, received_ms FROM frame WHERE agent = ? ORDER BY captured_ms LIMIT 1",
  );
  // the newest row of all stays: its number, and all before it, must not come again
  const selectRows = db.prepare<[number, number, number, number], Row>(
    `SELECT id, instance, sequence, captured_ms, received_ms, sample_count, encoding, blob FROM frame
     WHERE agent = ? AND captured_ms >= ? AND captured_ms < ? AND received_ms <= ?
       AND id < (SELECT max(id) FROM frame)
     ORDER BY captured_ms, id LIMIT ${MAX_ROWS}`,
  );
  const selectPacks = db.prepare<[number, number, number], PackRow>(
    `SELECT id, frames, length(blob) AS bytes FROM landed_pack
     WHERE agent = ? AND from_ms >= ? AND from_ms < ? ORDER BY id DESC`,
  );
  const selectBlob = db.prepare<[number], Uint8Array>("SELECT blob FROM landed_pack WHERE id = ?").pluck();

  function readRows(agent: number, fromMs: number, of: { lengthMs: number; nowMs: number }): LandedFrame[] {
    const frames: LandedFrame[] = [];
    let bytes = 0;
    for (const row of selectRows.iterate(agent, fromMs, fromMs + of.lengthMs, of.nowMs - SETTLE_MS)) {
      const frame = { id: row.id, ...fromRow(row) };
      bytes += frame.bytes.length;
      if (frames.length > 0 && bytes > MAX_BYTES) {
        break;
      }
      frames.push(frame);
    }
    return frames;
  }

  /** The packs that go into the new one, with their frames. One that cannot be read stays as it is. */
  function join(
    packs: readonly PackRow[],
    fresh: readonly LandedFrame[],
  ): { ids: number[]; all: LandedFrame[] } {
    const ids: number[] = [];
    let all = [...fresh];
    for (const { id, frames, bytes } of packs) {
      const fits = frames <= all.length * JOIN_RATIO && frames + all.length <= MAX_JOINED;
      const joined = fits && bytes <= MAX_BYTES ? readPack(id, frames) : undefined;
      const total = [...all, ...(joined ?? [])].reduce((sum, one) => sum + one.bytes.length, 0);
      if (joined === undefined || total > MAX_BYTES) {
        break;
      }
      ids.push(id);
      all = [...joined, ...all];
    }
    return { ids, all };
  }

  function readPack(id: number, frames: number): readonly LandedFrame[] | undefined {
    const blob = selectBlob.get(id);
    try {
      const found = blob && unpackLanded(blob);
      return found?.length === frames ? found : undefined;
    } catch {
      return undefined; // told when its hour becomes a block
    }
  }

  function pack(agent: number, of: { lengthMs: number; nowMs: number }): PackWork | undefined {
    const oldest = selectOldest.get(agent);
    if (oldest === undefined || oldest.received_ms > of.nowMs - PACK_MS - SETTLE_MS) {
      return undefined;
    }
    const fromMs = Math.floor(oldest.captured_ms / of.lengthMs) * of.lengthMs;
    const fresh = readRows(agent, fromMs, of);
    if (fresh.length < 2) {
      return undefined;
    }
    const { ids: packIds, all } = join(selectPacks.all(agent, fromMs, fromMs + of.lengthMs), fresh);
    const frames = all.toSorted((one, other) => one.id - other.id);
    return {
      kind: "pack",
      agent,
      ...summarize(frames),
      blob: packLanded(frames),
      frameIds: Float64Array.from(fresh, ({ id }) => id),
      packIds,
    };
  }

  return { pack };
}

type Summary = Omit<PackWork, "kind" | "agent" | "blob" | "frameIds" | "packIds">;

function summarize(frames: readonly LandedFrame[]): Summary {
  let [fromMs, receivedFromMs] = [Infinity, Infinity];
  let [toMs, receivedToMs, firstId, lastId] = [0, 0, Infinity, 0];
  let [samples, idSum, placeSum] = [0, 0, 0];
  for (const { id, capturedMs, receivedMs, sampleCount } of frames) {
    fromMs = Math.min(fromMs, capturedMs);
    toMs = Math.max(toMs, capturedMs);
    receivedFromMs = Math.min(receivedFromMs, receivedMs);
    receivedToMs = Math.max(receivedToMs, receivedMs);
    firstId = Math.min(firstId, id);
    lastId = Math.max(lastId, id);
    samples += sampleCount;
    idSum += id;
    placeSum += capturedMs % PLACE_MODULO_MS;
  }
  const places = { fromMs, toMs, receivedFromMs, receivedToMs, firstId, lastId };
  return { ...places, frames: frames.length, samples, idSum, placeSum };
}

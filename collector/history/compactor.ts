/**
 * Finds the next piece of work that makes the history smaller and does all of it but the writing: reads, packs and rolls
 * up on a thread of its own, so that the writer only stores the result.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Db } from "./database.ts";
import { DETAIL } from "./block-writer.ts";
import { mergeRollups, prepareCompact, rollUpBlock, type LandedRow } from "./prepare-blocks.ts";
import { MINUTE_MS, packRollups, QUARTER_MS } from "./rollup.ts";
import type { MergeWork, PlanRequest, ThinWork, Work } from "./worker-protocol.ts";

/** A block holds the frames of one hour of an agent's clock. */
export const BLOCK_MS = 3_600_000;
/** After its end an hour is left to those who back-fill after a short break. */
const SETTLE_MS = 300_000;
/** Removing a block's frames from where they landed takes some 10 µs each, and commits wait for it. */
const MAX_BLOCK_FRAMES = 3700;
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;
/** Roll-ups of a quarter of an hour are merged a day at a time, when the day has been over for this long. */
const DAY_MS = 24 * 3_600_000;
const DAY_SETTLE_MS = 2 * 3_600_000;
/** Rows of a day that are merged at once. */
const MAX_MERGE_ROWS = 200;
/** Between two looks at every day of every agent: one reads the index of all roll-ups. */
const MERGE_LOOK_MS = 900_000;

export interface Compactor {
  plan(request: PlanRequest): Work | undefined;
}

interface BlockRow {
  readonly id: number;
  readonly agent: number;
  readonly from_ms: number;
  readonly to_ms: number;
}

export function createCompactor(db: Db): Compactor {
  const selectAgents = db.prepare<[], number>("SELECT id FROM agent ORDER BY id").pluck();
  const selectOldest = db.prepare<[number], { captured_ms: number; received_ms: number }>(
    "SELECT captured_ms, received_ms FROM frame WHERE agent = ? ORDER BY captured_ms LIMIT 1",
  );
  const selectHour = db.prepare<[number, number, number], LandedRow>(
    `SELECT id, instance, received_ms, encoding, blob FROM frame
     WHERE agent = ? AND captured_ms >= ? AND captured_ms < ?
     ORDER BY captured_ms, id LIMIT ${MAX_BLOCK_FRAMES}`,
  );
  const selectFull = db.prepare<[number, number, number, number], BlockRow>(
    `SELECT block.id, block.agent, from_ms, to_ms FROM block JOIN agent ON agent.id = block.agent
     WHERE detail = ? AND to_ms < ? AND (
       SELECT 1 FROM kept_span WHERE kept_span.cluster = agent.cluster
       AND kept_span.from_ms <= block.to_ms + ? AND kept_span.to_ms >= block.from_ms - ?
       ORDER BY kept_span.from_ms DESC LIMIT 1) IS NULL
     ORDER BY to_ms LIMIT 1`,
  );
  const selectFrames = db.prepare<[number], { times: Uint8Array; sample_values: Uint8Array }>(
    "SELECT times, sample_values FROM block_frames WHERE block = ?",
  );
  const selectScattered = db
    .prepare<[number, number, number], number>(
      `SELECT from_ms / ${DAY_MS} AS day FROM rollup WHERE agent = ? AND width_ms = ? AND from_ms < ?
       GROUP BY day HAVING count(*) > 1 LIMIT 1`,
    )
    .pluck();
  const selectDay = db.prepare<
    [number, number, number, number],
    { id: number; from_ms: number; to_ms: number; rollups: Uint8Array }
  >(
    `SELECT id, from_ms, to_ms, rollups FROM rollup WHERE agent = ? AND width_ms = ?
     AND from_ms >= ? AND to_ms < ? ORDER BY from_ms LIMIT ${MAX_MERGE_ROWS}`,
  );
  /** Agents whose landing area holds nothing that is due; looked at again when every other was. */
  let queue: number[] = [];
  /** Agents whose days are yet to be looked at, and when that was begun. */
  let mergeQueue: number[] = [];
  let mergeLookMs = Number.NEGATIVE_INFINITY;

  function planCompact(nowMs: number): Work | undefined {
    queue = queue.length > 0 ? queue : selectAgents.all();
    for (let agent = queue.pop(); agent !== undefined; agent = queue.pop()) {
      const oldest = selectOldest.get(agent);
      if (oldest !== undefined) {
        const hourMs = Math.floor(oldest.captured_ms / BLOCK_MS) * BLOCK_MS;
        const isOver = hourMs + BLOCK_MS + SETTLE_MS <= nowMs;
        // a node's clock may be ahead of ours
        if (isOver || oldest.received_ms + BLOCK_MS + SETTLE_MS <= nowMs) {
          const work = prepareCompact(agent, readHour(agent, hourMs));
          queue.push(agent); // there may be more of it
          return work;
        }
      }
    }
    return undefined;
  }

  function readHour(agent: number, hourMs: number): readonly LandedRow[] {
    const rows: LandedRow[] = [];
    let bytes = 0;
    for (const row of selectHour.iterate(agent, hourMs, hourMs + BLOCK_MS)) {
      rows.push(row);
      bytes += row.blob.length;
      if (bytes > MAX_BLOCK_BYTES) {
        break;
      }
    }
    return rows;
  }

  function planThin(request: PlanRequest): Work | undefined {
    const beforeMs = request.isShort ? Number.MAX_SAFE_INTEGER : request.framesBeforeMs;
    const block = selectFull.get(DETAIL.frames, beforeMs, request.aroundMs, request.aroundMs);
    const frames = block === undefined ? undefined : selectFrames.get(block.id);
    if (block === undefined || frames === undefined) {
      return undefined;
    }
    const { id, agent, from_ms: fromMs, to_ms: toMs } = block;
    return { kind: "thin", block: id, agent, fromMs, toMs, ...toMinutes(frames) };
  }

  /** A block that cannot be read goes all the same; its quarters of an hour are left. */
  function toMinutes(frames: {
    readonly times: Uint8Array;
    readonly sample_values: Uint8Array;
  }): Pick<ThinWork, "minutes" | "unreadable"> {
    try {
      const block = { times: Uint8Array.from(frames.times), values: Uint8Array.from(frames.sample_values) };
      return { minutes: rollUpBlock(block, MINUTE_MS), unreadable: undefined };
    } catch (error) {
      const { message } = EtcdscopeError.from(error, "STORAGE_CORRUPT");
      return { minutes: packRollups(new Map()), unreadable: message };
    }
  }

  function planMerge(nowMs: number): Work | undefined {
    if (mergeQueue.length === 0 && Math.abs(nowMs - mergeLookMs) >= MERGE_LOOK_MS) {
      mergeQueue = selectAgents.all();
      mergeLookMs = nowMs;
    }
    const settledMs = Math.floor((nowMs - DAY_SETTLE_MS) / DAY_MS) * DAY_MS;
    for (let agent = mergeQueue.pop(); agent !== undefined; agent = mergeQueue.pop()) {
      const day = selectScattered.get(agent, QUARTER_MS, settledMs);
      const work = day === undefined ? undefined : mergeDay(agent, day * DAY_MS);
      if (work !== undefined && work.rollupIds.length > 1) {
        mergeQueue.push(agent); // there may be more of it
        return work;
      }
    }
    return undefined;
  }

  function mergeDay(agent: number, dayMs: number): MergeWork {
    const rows = selectDay.all(agent, QUARTER_MS, dayMs, dayMs + DAY_MS);
    return {
      kind: "merge",
      agent,
      fromMs: rows.reduce((least, row) => Math.min(least, row.from_ms), Number.MAX_SAFE_INTEGER),
      toMs: rows.reduce((most, row) => Math.max(most, row.to_ms), 0),
      rollupIds: rows.map(({ id }) => id),
      quarters: mergeRollups(rows.map(({ rollups }) => rollups)),
    };
  }

  return {
    plan: (request) => planCompact(request.nowMs) ?? planThin(request) ?? planMerge(request.nowMs),
  };
}

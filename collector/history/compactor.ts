/**
 * Finds the next piece of work that makes the history smaller and does all of it but the writing: reads, packs and rolls
 * up on a thread of its own, so that the writer only stores the result.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import { translateSqliteError, type Db } from "./database.ts";
import { DETAIL } from "./block-writer.ts";
import {
  mergeRollups,
  prepareCompact,
  rollUpBlock,
  type Landed,
  type LandedPack,
  type LandedRow,
} from "./prepare-blocks.ts";
import { createPackPlanner } from "./pack-planner.ts";
import { MINUTE_MS, packRollups, QUARTER_MS } from "./rollup.ts";
import type {
  CompactWork,
  MergeWork,
  PackWork,
  PlanRequest,
  PlanTrouble,
  ThinWork,
  Work,
} from "./worker-protocol.ts";

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
/** A day that goes on has more of them than this until some are merged: a row each takes a page. */
const MAX_SCATTERED = 6;
/** Rows of a day that are merged at once. */
const MAX_MERGE_ROWS = 200;
/** What could not be read is passed over for this long. */
const PASS_OVER_MS = 900_000;
/** Pieces of work that are passed over, at most; beyond them all are tried again. */
const MAX_PASSED_OVER = 1000;
/** Failures after which one look for work ends: each may have read an hour. */
const MAX_TROUBLES = 20;
/** While there is something to pack, every agent is looked at for an hour that is over this often. */
const COMPACT_LOOK_MS = 10_000;
/** Between two looks at every day of every agent: one reads the index of all roll-ups. */
const MERGE_LOOK_MS = 900_000;

export interface Compactor {
  /** The next piece of work, prepared; undefined: there is none. What cannot be read is passed over, and no reason to do nothing. */
  plan(request: PlanRequest): Work | undefined;
  /** What was passed over since this was last asked. */
  takeTroubles(): readonly PlanTrouble[];
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
  const selectOldestPack = db.prepare<[number], { captured_ms: number; received_ms: number }>(
    `SELECT from_ms AS captured_ms, received_from_ms AS received_ms FROM landed_pack
     WHERE agent = ? ORDER BY from_ms LIMIT 1`,
  );
  const selectPacks = db.prepare<[number, number, number], LandedPack>(
    `SELECT id, frames, blob FROM landed_pack WHERE agent = ? AND from_ms >= ? AND from_ms < ? ORDER BY from_ms`,
  );
  const selectHour = db.prepare<[number, number, number], LandedRow>(
    `SELECT id, instance, captured_ms, received_ms, encoding, blob FROM frame
     WHERE agent = ? AND captured_ms >= ? AND captured_ms < ?
     ORDER BY captured_ms, id LIMIT ${MAX_BLOCK_FRAMES}`,
  );
  const selectFull = db.prepare<[number, number, number, number, number], BlockRow>(
    `SELECT block.id, block.agent, from_ms, to_ms FROM block JOIN agent ON agent.id = block.agent
     WHERE detail = ? AND to_ms < ? AND (
       SELECT 1 FROM kept_span WHERE kept_span.cluster = agent.cluster
       AND kept_span.from_ms <= block.to_ms + ? AND kept_span.to_ms >= block.from_ms - ?
       ORDER BY kept_span.from_ms DESC LIMIT 1) IS NULL
     ORDER BY to_ms LIMIT ?`,
  );
  const selectFrames = db.prepare<[number], { times: Uint8Array; sample_values: Uint8Array }>(
    "SELECT times, sample_values FROM block_frames WHERE block = ?",
  );
  const selectScattered = db
    .prepare<[number, number, number], number>(
      `SELECT from_ms / ${DAY_MS} AS day FROM rollup WHERE agent = ? AND width_ms = ?
       GROUP BY day HAVING count(*) > CASE WHEN min(from_ms) < ? THEN 1 ELSE ${MAX_SCATTERED} END LIMIT 1`,
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
  let compactLookMs = Number.NEGATIVE_INFINITY;
  /** Agents that may have something to pack. */
  let packQueue: number[] = [];
  const packer = createPackPlanner(db);
  /** Agents whose days are yet to be looked at, and when that was begun. */
  let mergeQueue: number[] = [];
  let mergeLookMs = Number.NEGATIVE_INFINITY;
  /** Until when, by kind and number. */
  const passedOver = new Map<string, number>();
  let troubles: PlanTrouble[] = [];

  /** What `make` gives; undefined when it cannot be read, which is told, and it is not asked again for a while. */
  function attempt<Made extends Work>(
    kind: Work["kind"],
    of: { readonly id: number; readonly nowMs: number },
    make: () => Made | undefined,
  ): Made | undefined {
    const key = `${kind}/${of.id}`;
    if (troubles.length >= MAX_TROUBLES || isPassedOver(key, of.nowMs)) {
      return undefined;
    }
    try {
      return make();
    } catch (caught) {
      const { code, reason, message } = translateSqliteError(caught);
      troubles.push({ kind, code, reason, message });
      if (passedOver.size >= MAX_PASSED_OVER) {
        passedOver.clear();
      }
      passedOver.set(key, of.nowMs + PASS_OVER_MS);
      return undefined;
    }
  }

  /** The clock may be set back. */
  function isPassedOver(key: string, nowMs: number): boolean {
    const leftMs = (passedOver.get(key) ?? nowMs) - nowMs;
    return leftMs > 0 && leftMs <= PASS_OVER_MS;
  }

  function planCompact({ nowMs, mayPack }: PlanRequest): Work | undefined {
    if (queue.length === 0) {
      if (mayPack && packQueue.length > 0 && Math.abs(nowMs - compactLookMs) < COMPACT_LOOK_MS) {
        return undefined;
      }
      queue = selectAgents.all();
    }
    for (let agent = queue.pop(); agent !== undefined; agent = queue.pop()) {
      const id = agent;
      const work = attempt("compact", { id, nowMs }, () => compactOldest(id, nowMs));
      if (work !== undefined) {
        queue.push(agent); // there may be more of it
        return work;
      }
    }
    compactLookMs = nowMs;
    packQueue = mayPack && packQueue.length === 0 ? selectAgents.all() : packQueue;
    return undefined;
  }

  function planPack(nowMs: number): PackWork | undefined {
    for (let agent = packQueue.pop(); agent !== undefined; agent = packQueue.pop()) {
      const id = agent;
      const work = attempt("pack", { id, nowMs }, () => packer.pack(id, { lengthMs: BLOCK_MS, nowMs }));
      if (work !== undefined) {
        packQueue.push(agent); // there may be more of it
        return work;
      }
    }
    return undefined;
  }

  function compactOldest(agent: number, nowMs: number): CompactWork | undefined {
    const [row, pack] = [selectOldest.get(agent), selectOldestPack.get(agent)];
    const oldest = row === undefined || (pack && pack.captured_ms < row.captured_ms) ? pack : row;
    if (oldest === undefined) {
      return undefined;
    }
    const hourMs = Math.floor(oldest.captured_ms / BLOCK_MS) * BLOCK_MS;
    const isOver = hourMs + BLOCK_MS + SETTLE_MS <= nowMs;
    // a node's clock may be ahead of ours
    return isOver || oldest.received_ms + BLOCK_MS + SETTLE_MS <= nowMs
      ? prepareCompact(agent, readHour(agent, hourMs))
      : undefined;
  }

  /** Packs first: removing one costs nothing, so there is one at least. */
  function readHour(agent: number, hourMs: number): Landed {
    const packs: LandedPack[] = [];
    const rows: LandedRow[] = [];
    let bytes = 0;
    let frames = 0;
    for (const pack of selectPacks.iterate(agent, hourMs, hourMs + BLOCK_MS)) {
      if (packs.length > 0 && (frames + pack.frames > MAX_BLOCK_FRAMES || bytes > MAX_BLOCK_BYTES)) {
        return { packs, rows };
      }
      packs.push(pack);
      frames += pack.frames;
      bytes += pack.blob.length;
    }
    for (const row of selectHour.iterate(agent, hourMs, hourMs + BLOCK_MS)) {
      if (packs.length > 0 && frames >= MAX_BLOCK_FRAMES) {
        break;
      }
      rows.push(row);
      frames += 1;
      bytes += row.blob.length;
      if (bytes > MAX_BLOCK_BYTES) {
        break;
      }
    }
    return { packs, rows };
  }

  function planThin(request: PlanRequest): Work | undefined {
    const beforeMs = request.isShort ? Number.MAX_SAFE_INTEGER : request.framesBeforeMs;
    const { nowMs, aroundMs } = request;
    for (const block of selectFull.all(DETAIL.frames, beforeMs, aroundMs, aroundMs, passedOver.size + 1)) {
      const work = attempt("thin", { id: block.id, nowMs }, () => thin(block));
      if (work !== undefined) {
        return work;
      }
    }
    return undefined;
  }

  function thin({ id, agent, from_ms: fromMs, to_ms: toMs }: BlockRow): ThinWork {
    const frames = selectFrames.get(id);
    const rest =
      frames === undefined
        ? { minutes: packRollups(new Map()), unreadable: "A block's frames are not there" }
        : toMinutes(frames);
    return { kind: "thin", block: id, agent, fromMs, toMs, ...rest };
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
      const id = agent;
      const work = attempt("merge", { id, nowMs }, () => mergeOldest(id, settledMs));
      if (work !== undefined) {
        mergeQueue.push(agent); // there may be more of it
        return work;
      }
    }
    return undefined;
  }

  function mergeOldest(agent: number, settledMs: number): MergeWork | undefined {
    const day = selectScattered.get(agent, QUARTER_MS, settledMs);
    const rows = day === undefined ? [] : selectDay.all(agent, QUARTER_MS, day * DAY_MS, (day + 1) * DAY_MS);
    if (rows.length < 2) {
      return undefined;
    }
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
    takeTroubles: () => {
      const taken = troubles;
      troubles = [];
      return taken;
    },
    // an hour that is over, and what is too old, come before what only lies more closely for an hour
    plan: (request) =>
      planCompact(request) ??
      planThin(request) ??
      planMerge(request.nowMs) ??
      (request.mayPack ? planPack(request.nowMs) : undefined),
  };
}

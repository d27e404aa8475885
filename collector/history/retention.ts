/**
 * One small step of making room, some milliseconds long. By age: what is older than the roll-ups are kept. By size: what
 * is cheapest to lose first. Thinning full resolution into roll-ups is the compactor's; it comes before any of this.
 */
import type { Db } from "./database.ts";
import { DETAIL } from "./block-writer.ts";
import { MINUTE_MS, QUARTER_MS } from "./rollup.ts";
import type { RetentionAnswer, RetentionRequest } from "./worker-protocol.ts";

/** Rows removed in one step: some milliseconds, so that a commit never waits long behind it. */
const STEP_ROWS = 500;
/** Rows of many pages each: blocks and their roll-ups. */
const STEP_BLOCKS = 5;
/** Runs, each with the ranges of its sequences. */
const STEP_RUNS = 200;
/** A run is taken for heard this much later than its row says: that is written once a minute, and clocks are set. */
const RUN_MARGIN_MS = 3_600_000;
/** Free pages given back to the file system in one step (of 4096 bytes). */
const VACUUM_PAGES = 256;
/** Free space inside of the file that is worth keeping for the next frames. */
const KEEP_FREE_BYTES = 16 * 1024 * 1024;

export interface Retention {
  retain(request: RetentionRequest): RetentionAnswer;
}

interface BlockRow {
  readonly id: number;
  readonly agent: number;
  readonly from_ms: number;
}

export function createRetention(db: Db): Retention {
  const byAge = [
    "DELETE FROM finding WHERE (cluster, id) IN (SELECT cluster, id FROM finding WHERE until_ms < ? LIMIT ?)",
    "DELETE FROM fact WHERE id IN (SELECT id FROM fact WHERE valid_to < ? LIMIT ?)",
    "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
    "DELETE FROM kept_span WHERE (cluster, from_ms) IN (SELECT cluster, from_ms FROM kept_span WHERE to_ms < ? LIMIT ?)",
  ].map((sql) => db.prepare<[number, number]>(sql));
  const deleteRuns = db.prepare<[number, number]>(
    "DELETE FROM instance WHERE id IN (SELECT id FROM instance WHERE last_received_ms < ? LIMIT ?)",
  );
  const oldestLanded = db.prepare<[], number>("SELECT received_ms FROM frame ORDER BY id LIMIT 1").pluck();
  const oldestPacked = db.prepare<[], number | null>("SELECT min(received_from_ms) FROM landed_pack").pluck();
  const oldBlocks = db.prepare<[number, number, number, number], BlockRow>(
    `SELECT id, agent, from_ms FROM block WHERE detail = ? AND to_ms < ? UNION ALL
     SELECT id, agent, from_ms FROM block WHERE detail = ? AND to_ms < ? LIMIT ${STEP_BLOCKS}`,
  );
  const deleteBlock = db.prepare<[number]>("DELETE FROM block WHERE id = ?");
  // they have the block's beginning, by which they are indexed
  const deleteMinutes = db.prepare<[number, number, number, number]>(
    "DELETE FROM rollup WHERE agent = ? AND width_ms = ? AND from_ms = ? AND block = ?",
  );
  const deleteOldRollups = db.prepare<[number, number]>(
    `DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE width_ms = ? AND to_ms < ? LIMIT ${STEP_BLOCKS})`,
  );
  const oldestOf = db.prepare<[number], BlockRow>(
    `SELECT id, agent, from_ms FROM block WHERE detail = ? ORDER BY to_ms LIMIT ${STEP_BLOCKS}`,
  );
  const setDetail = db.prepare<[number, number]>("UPDATE block SET detail = ? WHERE id = ?");
  const deleteLanded = db.prepare<[number]>(
    "DELETE FROM frame WHERE id IN (SELECT id FROM frame ORDER BY id LIMIT ?)",
  );
  const deletePacks = db.prepare(
    `DELETE FROM landed_pack WHERE id IN (SELECT id FROM landed_pack ORDER BY received_from_ms LIMIT ${STEP_BLOCKS})`,
  );
  const deleteFrames = db.prepare<[number]>("DELETE FROM block_frames WHERE block = ?");
  const deleteOldestRollups = db.prepare<[number]>(
    `DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE width_ms = ? ORDER BY to_ms LIMIT ${STEP_BLOCKS})`,
  );

  function removeMinutes({ id, agent, from_ms: fromMs }: BlockRow): void {
    deleteMinutes.run(agent, MINUTE_MS, fromMs, id);
  }

  function pragmaNumber(name: string): number {
    return Number(db.pragma(name, { simple: true }));
  }

  /** Frames outlive their age only where they are kept for an incident; with it they go. */
  function removeOld(beforeMs: number): number {
    let most = 0;
    for (const statement of byAge) {
      most = Math.max(most, statement.run(beforeMs, STEP_ROWS).changes / STEP_ROWS);
    }
    for (const block of oldBlocks.all(DETAIL.quarters, beforeMs, DETAIL.minutes, beforeMs)) {
      removeMinutes(block);
      deleteBlock.run(block.id);
      most = 1;
    }
    return Math.max(most, deleteOldRollups.run(QUARTER_MS, beforeMs).changes / STEP_BLOCKS);
  }

  /** Runs of which nothing waits for its block any more: rows land in the order in which they were received. */
  function removeOldRuns(beforeMs: number): number {
    const landedMs = Math.min(
      oldestLanded.get() ?? Number.MAX_SAFE_INTEGER,
      oldestPacked.get() ?? Number.MAX_SAFE_INTEGER,
    );
    return deleteRuns.run(Math.min(beforeMs, landedMs - RUN_MARGIN_MS), STEP_RUNS).changes;
  }

  /** Roll-ups of a minute go first, then frames that nobody could compact, then kept ones, then long trends. */
  function makeRoom(): number {
    const minutes = oldestOf.all(DETAIL.minutes);
    if (minutes.length > 0) {
      minutes.forEach((block) => {
        removeMinutes(block);
        setDetail.run(DETAIL.quarters, block.id);
      });
      return minutes.length;
    }
    const packs = deletePacks.run().changes;
    const landed = packs > 0 ? packs : deleteLanded.run(STEP_ROWS).changes;
    if (landed > 0) {
      return landed;
    }
    const kept = oldestOf.all(DETAIL.frames);
    kept.forEach(({ id }) => {
      deleteFrames.run(id);
      setDetail.run(DETAIL.quarters, id);
    });
    return kept.length + deleteOldestRollups.run(QUARTER_MS).changes;
  }

  function retain(request: RetentionRequest): RetentionAnswer {
    const pageBytes = pragmaNumber("page_size");
    const usedBytes = (pragmaNumber("page_count") - pragmaNumber("freelist_count")) * pageBytes;
    const isShort = usedBytes > request.maxBytes;
    const removedRuns = removeOldRuns(request.beforeMs);
    const share = Math.max(removeOld(request.beforeMs), removedRuns / STEP_RUNS);
    const removedRows = isShort && request.mayLose ? makeRoom() : 0;
    return {
      removedRows,
      removedRuns,
      hasMore: share >= 1 || removedRows > 0,
      isShort,
      fileBytes: pragmaNumber("page_count") * pageBytes,
    };
  }

  /** Outside of a transaction, as SQLite wants it. */
  function giveBackFreePages(): void {
    if (pragmaNumber("freelist_count") * pragmaNumber("page_size") > KEEP_FREE_BYTES) {
      db.pragma(`incremental_vacuum(${VACUUM_PAGES})`);
    }
  }

  const transaction = db.transaction(retain);
  return {
    retain: (request) => {
      const answer = transaction(request);
      giveBackFreePages();
      return answer;
    },
  };
}

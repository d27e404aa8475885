/**
 * One small step of making room, some milliseconds long. By age: what is older than the roll-ups are kept. By size: what
 * is cheapest to lose first. Thinning full resolution into roll-ups is the compactor's; it comes before any of this.
 */
import type { Db } from "./database.ts";
import { DETAIL } from "./block-writer.ts";
import { MINUTE_MS } from "./rollup.ts";
import type { RetentionAnswer, RetentionRequest } from "./worker-protocol.ts";

/** Rows removed in one step: some milliseconds, so that a commit never waits long behind it. */
const STEP_ROWS = 500;
/** Rows of many pages each: blocks and their roll-ups. */
const STEP_BLOCKS = 5;
/** Free pages given back to the file system in one step (of 4096 bytes). */
const VACUUM_PAGES = 256;
/** Free space inside of the file that is worth keeping for the next frames. */
const KEEP_FREE_BYTES = 16 * 1024 * 1024;

export interface Retention {
  retain(request: RetentionRequest): RetentionAnswer;
}

export function createRetention(db: Db): Retention {
  const byAge = [
    "DELETE FROM finding WHERE (cluster, id) IN (SELECT cluster, id FROM finding WHERE until_ms < ? LIMIT ?)",
    "DELETE FROM fact WHERE id IN (SELECT id FROM fact WHERE valid_to < ? LIMIT ?)",
    "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
    "DELETE FROM kept_span WHERE (cluster, from_ms) IN (SELECT cluster, from_ms FROM kept_span WHERE to_ms < ? LIMIT ?)",
    `DELETE FROM instance WHERE id IN (SELECT id FROM instance WHERE last_received_ms < ?
       AND NOT EXISTS (SELECT 1 FROM frame WHERE frame.agent = instance.agent AND frame.instance = instance.id) LIMIT ?)`,
  ].map((sql) => db.prepare<[number, number]>(sql));
  const oldBlocks = db
    .prepare<[number, number, number, number], number>(
      `SELECT id FROM block WHERE detail = ? AND to_ms < ? UNION ALL
       SELECT id FROM block WHERE detail = ? AND to_ms < ? LIMIT ${STEP_BLOCKS}`,
    )
    .pluck();
  const deleteBlock = db.prepare<[number]>("DELETE FROM block WHERE id = ?");
  const deleteRollupsOf = db.prepare<[number]>("DELETE FROM rollup WHERE block = ?");
  const deleteOldRollups = db.prepare<[number, number]>(
    "DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE width_ms > ? AND to_ms < ? LIMIT 5)",
  );
  const oldestOf = db
    .prepare<[number], number>(`SELECT id FROM block WHERE detail = ? ORDER BY to_ms LIMIT ${STEP_BLOCKS}`)
    .pluck();
  const setDetail = db.prepare<[number, number]>("UPDATE block SET detail = ? WHERE id = ?");
  const deleteLanded = db.prepare<[number]>(
    "DELETE FROM frame WHERE id IN (SELECT id FROM frame ORDER BY id LIMIT ?)",
  );
  const deleteFrames = db.prepare<[number]>("DELETE FROM block_frames WHERE block = ?");
  const deleteOldestRollups = db.prepare<[number]>(
    "DELETE FROM rollup WHERE id IN (SELECT id FROM rollup WHERE width_ms > ? ORDER BY to_ms LIMIT 5)",
  );

  function pragmaNumber(name: string): number {
    return Number(db.pragma(name, { simple: true }));
  }

  /** Frames outlive their age only where they are kept for an incident; with it they go. */
  function removeOld(beforeMs: number): number {
    let most = 0;
    for (const statement of byAge) {
      most = Math.max(most, statement.run(beforeMs, STEP_ROWS).changes / STEP_ROWS);
    }
    for (const id of oldBlocks.all(DETAIL.quarters, beforeMs, DETAIL.minutes, beforeMs)) {
      deleteRollupsOf.run(id);
      deleteBlock.run(id);
      most = 1;
    }
    return Math.max(most, deleteOldRollups.run(MINUTE_MS, beforeMs).changes / STEP_BLOCKS);
  }

  /** Roll-ups of a minute go first, then frames that nobody could compact, then kept ones, then long trends. */
  function makeRoom(): number {
    const minutes = oldestOf.all(DETAIL.minutes);
    if (minutes.length > 0) {
      minutes.forEach((id) => {
        deleteRollupsOf.run(id);
        setDetail.run(DETAIL.quarters, id);
      });
      return minutes.length;
    }
    const landed = deleteLanded.run(STEP_ROWS).changes;
    if (landed > 0) {
      return landed;
    }
    const kept = oldestOf.all(DETAIL.frames);
    kept.forEach((id) => {
      deleteFrames.run(id);
      setDetail.run(DETAIL.quarters, id);
    });
    return kept.length + deleteOldestRollups.run(MINUTE_MS).changes;
  }

  function retain(request: RetentionRequest): RetentionAnswer {
    const pageBytes = pragmaNumber("page_size");
    const usedBytes = (pragmaNumber("page_count") - pragmaNumber("freelist_count")) * pageBytes;
    const isShort = usedBytes > request.maxBytes;
    const share = removeOld(request.beforeMs);
    const removedRows = isShort && request.mayLose ? makeRoom() : 0;
    return {
      removedRows,
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

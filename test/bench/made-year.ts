/**
 * A history of 400 days of a cluster of three, thinned to roll-ups of a minute and of a quarter of an hour, with as many runs as
 * years of restarts leave. The rows of one hour made of real frames (made-history.ts), put into the file again and again.
 */
import { DETAIL } from "../../collector/history/block-writer.ts";
import { openDatabase, type Db } from "../../collector/history/database.ts";
import { createCompactor } from "../../collector/history/compactor.ts";
import {
  MINUTE_MS,
  packRollups,
  QUARTER_MS,
  readRollups,
  type RollupColumns,
} from "../../collector/history/rollup.ts";
import { createWriter } from "../../collector/history/writer.ts";
import type { Frame } from "../../shared/frame.ts";
import { makeHistory } from "./made-history.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const YEAR = { days: 400, nodes: ["m1", "m2", "m3"], runs: 20_000 } as const;

export interface MadeYearOptions {
  readonly path: string;
  readonly real: readonly Frame[];
  readonly nowMs: number;
  /** Days of m1, counted back from nowMs, whose roll-ups of a minute have their own times: trends can be read there. */
  readonly readable: { readonly fromDay: number; readonly toDay: number } | undefined;
}

interface Packed {
  readonly minutes: Uint8Array;
  readonly quarters: Uint8Array;
  readonly samples: number;
}

/** Rows of roll-ups in it. */
export function makeYear({ path, real, nowMs, readable }: MadeYearOptions): { readonly rollups: number } {
  const hourMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
  makeHistory({ path, real, count: 3600, stepMs: 1000, nowMs: hourMs, isDense: false });
  const { db } = openDatabase({ path, nowMs, isKnownDamaged: false });
  const packed = thinHour(db, hourMs + HOUR_MS);
  const firstMs = hourMs - HOUR_MS;
  db.transaction(() => {
    const agents = YEAR.nodes.map((node) => findAgent(db, node));
    addRuns(db, agents, hourMs);
    for (let hour = YEAR.days * 24; hour > 0; hour -= 1) {
      const shiftMs = -hour * HOUR_MS;
      const isReadable =
        readable !== undefined && hour <= readable.fromDay * 24 && hour > readable.toDay * 24;
      const minutes = isReadable ? shift(packed.minutes, shiftMs) : packed.minutes;
      for (const [place, agent] of agents.entries()) {
        addHour(db, agent, firstMs + shiftMs, { ...packed, minutes: place === 0 ? minutes : packed.minutes });
      }
    }
  })();
  db.pragma("wal_checkpoint(TRUNCATE)");
  const rollups = Number(db.prepare("SELECT count(*) FROM rollup").pluck().get());
  db.close();
  return { rollups };
}

/** What the made hour became when it was compacted and thinned by the product's own code. */
function thinHour(db: Db, nowMs: number): Packed {
  const writer = createWriter(db);
  const compactor = createCompactor(db);
  for (let step = 0; step < 8; step += 1) {
    const work = compactor.plan({
      nowMs,
      framesBeforeMs: nowMs,
      aroundMs: 0,
      isShort: false,
      mayPack: false,
    });
    if (work !== undefined) {
      writer.store(work);
    }
  }
  const select = db
    .prepare<[number], Uint8Array>("SELECT rollups FROM rollup WHERE width_ms = ? LIMIT 1")
    .pluck();
  const [minutes, quarters] = [select.get(MINUTE_MS), select.get(QUARTER_MS)];
  if (minutes === undefined || quarters === undefined) {
    throw new Error("Expected the made hour to be thinned");
  }
  return { minutes, quarters, samples: Number(db.prepare("SELECT sum(samples) FROM block").pluck().get()) };
}

function findAgent(db: Db, node: string): number {
  db.prepare("INSERT INTO agent (cluster, node) VALUES ('bench', ?) ON CONFLICT DO NOTHING").run(node);
  return Number(db.prepare("SELECT id FROM agent WHERE node = ?").pluck().get(node));
}

function addRuns(db: Db, agents: readonly number[], endMs: number): void {
  const insert = db.prepare(
    "INSERT INTO instance (agent, name, agent_version, last_sequence, last_received_ms) VALUES (?, ?, '0.1.0', 1, ?)",
  );
  const spanMs = YEAR.days * DAY_MS;
  for (let run = 0; run < YEAR.runs; run += 1) {
    insert.run(
      agents[run % agents.length],
      `run-${run}`,
      endMs - spanMs + Math.floor((run * spanMs) / YEAR.runs),
    );
  }
}

/** A block, its roll-ups of a minute, and with the day's last hour the merged ones of a quarter of an hour. */
function addHour(db: Db, agent: number, fromMs: number, packed: Packed): void {
  const toMs = fromMs + HOUR_MS - 1;
  const { lastInsertRowid } = db
    .prepare(
      "INSERT INTO block (agent, from_ms, to_ms, received_to_ms, frames, samples, detail) VALUES (?, ?, ?, ?, 3600, ?, ?)",
    )
    .run(agent, fromMs, toMs, toMs, packed.samples, DETAIL.minutes);
  const insert = db.prepare(
    "INSERT INTO rollup (agent, width_ms, from_ms, to_ms, block, rollups) VALUES (?, ?, ?, ?, ?, ?)",
  );
  insert.run(agent, MINUTE_MS, fromMs, toMs, lastInsertRowid, packed.minutes);
  if ((fromMs + HOUR_MS) % DAY_MS === 0) {
    insert.run(agent, QUARTER_MS, fromMs + HOUR_MS - DAY_MS, toMs, null, packed.quarters);
  }
}

function shift(rollups: Uint8Array, byMs: number): Uint8Array {
  const moved = new Map<number, RollupColumns>();
  readRollups(rollups, undefined, (series, columns) => {
    moved.set(series, { ...columns, atMs: columns.atMs.map((atMs) => atMs + byMs) });
  });
  return packRollups(moved);
}

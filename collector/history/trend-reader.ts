/**
 * Answers trends: each part of the span from the coarsest source that still has a step for every point, so that no peak
 * is lost and a month costs little. On a reader's thread.
 *
 * A roll-up counts whole at its beginning: at the edges of a step a peak may be drawn up to one roll-up early.
 */
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { parseSeriesKey } from "../../shared/series-key.ts";
import { DETAIL } from "./block-writer.ts";
import { BLOCK_MS } from "./compactor.ts";
import type { Db } from "./database.ts";
import { readBlockSeries } from "./frame-block.ts";
import type { SeriesQuery } from "./history-door.ts";
import { createLandedSamples } from "./landed-samples.ts";
import { packTrends, type PackedTrends, type SeriesRows } from "./packed-trends.ts";
import { MINUTE_MS, QUARTER_MS, type RollupColumns } from "./rollup.ts";
import { createRollupCache, type RollupRow } from "./rollup-cache.ts";
import { createSeriesSteps, type SeriesSteps } from "./series-steps.ts";

/** Different series in one trend, at most. */
const MAX_TREND_SERIES = 500;
/** What one trend may cost before it is given up: others wait behind it. */
const TREND_BUDGET_MS = 20_000;
/** Roll-ups of a quarter of an hour are merged a day at a time, so a row covers no more. */
const ROLLUP_ROW_MS = 24 * 3_600_000;

export interface TrendReader {
  series(query: SeriesQuery): PackedTrends;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One agent's part of a trend. */
interface Trend extends Span {
  readonly agent: number;
  readonly steps: ReadonlyMap<number, SeriesSteps>;
  readonly wanted: ReadonlySet<number>;
  readonly assertInTime: () => void;
}

interface BlockRow {
  readonly id: number;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly detail: number;
}

export function createTrendReader(db: Db, clock: Clock): TrendReader {
  const selectTrend = db.prepare<
    [string, string, string],
    { agent: number; node: string; id: number; key: string }
  >(
    `SELECT agent.id AS agent, agent.node, series.id, series.key FROM agent
     JOIN series ON series.metric = ? JOIN agent_series ON agent_series.agent = agent.id AND agent_series.series = series.id
     WHERE agent.cluster = ? AND ? IN ('', agent.node) ORDER BY agent.node, series.key`,
  );
  const landed = createLandedSamples(db);
  const selectBlocks = db.prepare<[number, number, number, number], BlockRow>(
    `SELECT id, from_ms, to_ms, detail FROM block
     WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? ORDER BY from_ms`,
  );
  const selectParts = db.prepare<
    [number],
    { times: Uint8Array<ArrayBuffer>; sample_values: Uint8Array<ArrayBuffer> }
  >("SELECT times, sample_values FROM block_frames WHERE block = ?");
  // they have the block's beginning, by which they are indexed
  const selectMinutes = db.prepare<[number, number, number, number], RollupRow>(
    `SELECT id, from_ms, to_ms, length(rollups) AS bytes FROM rollup
     WHERE agent = ? AND width_ms = ? AND from_ms = ? AND block = ?`,
  );
  const selectQuarters = db.prepare<[number, number, number, number, number], RollupRow>(
    `SELECT id, from_ms, to_ms, length(rollups) AS bytes FROM rollup
     WHERE agent = ? AND width_ms = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? ORDER BY from_ms`,
  );
  const selectRollups = db.prepare<[number], Uint8Array>("SELECT rollups FROM rollup WHERE id = ?").pluck();
  const cache = createRollupCache((id) => selectRollups.get(id));

  function series(query: SeriesQuery): PackedTrends {
    const found = selectTrend.all(query.metric, query.cluster, query.node ?? "");
    if (found.length > MAX_TREND_SERIES) {
      throw new EtcdscopeError(
        "LIMIT_EXCEEDED",
        `Expected at most ${MAX_TREND_SERIES} series of a metric, got ${found.length}: ask for one node`,
      );
    }
    const deadlineUs = clock.monotonicUs() + TREND_BUDGET_MS * 1000;
    const answer: SeriesRows[] = [];
    for (const agent of new Set(found.map((one) => one.agent))) {
      const ofAgent = found.filter((one) => one.agent === agent);
      const steps = new Map<number, SeriesSteps>(ofAgent.map(({ id }) => [id, createSeriesSteps(query)]));
      readTrend(query, {
        agent,
        steps,
        wanted: new Set(steps.keys()),
        fromMs: query.fromMs,
        toMs: query.toMs,
        assertInTime: () => assertInTime(deadlineUs),
      });
      for (const { id, node, key } of ofAgent) {
        const rows = steps.get(id)?.rows() ?? [];
        if (rows.length > 0) {
          answer.push({ node, labels: parseSeriesKey(key).labels, rows });
        }
      }
    }
    return packTrends(answer);
  }

  function assertInTime(deadlineUs: number): void {
    if (clock.monotonicUs() > deadlineUs) {
      throw new EtcdscopeError("LIMIT_EXCEEDED", "Expected a shorter span: this trend reads too many frames");
    }
  }

  function readTrend(query: SeriesQuery, trend: Trend): void {
    if ((query.toMs - query.fromMs) / query.points >= QUARTER_MS) {
      readQuarters(trend, [trend]);
    } else {
      readBlocks(trend);
    }
    readLanded(trend);
  }

  /** Full resolution where it is left, else minutes, else quarters of an hour. */
  function readBlocks(trend: Trend): void {
    const { agent, fromMs, toMs, steps, wanted } = trend;
    const coarse: Span[] = [];
    for (const block of selectBlocks.all(agent, fromMs - BLOCK_MS, toMs, fromMs)) {
      trend.assertInTime();
      const parts = block.detail === DETAIL.frames ? selectParts.get(block.id) : undefined;
      if (parts !== undefined) {
        const frames = { times: parts.times, values: parts.sample_values };
        readBlockSeries(frames, wanted, (id, times, values) => {
          const into = steps.get(id);
          for (let i = 0; i < values.length; i += 1) {
            into?.add(times[i] ?? 0, values[i] ?? 0);
          }
        });
        continue;
      }
      const minutes =
        block.detail === DETAIL.quarters ? [] : selectMinutes.all(agent, MINUTE_MS, block.from_ms, block.id);
      for (const row of minutes) {
        cache.read(row, wanted, adding(trend, { widthMs: MINUTE_MS, spans: [trend] }));
      }
      if (minutes.length === 0) {
        coarse.push({ fromMs: block.from_ms, toMs: block.to_ms + 1 });
      }
    }
    if (coarse.length > 0) {
      readQuarters(trend, coarse);
    }
  }

  function readQuarters(trend: Trend, spans: readonly Span[]): void {
    const { agent, fromMs, toMs, wanted } = trend;
    const add = adding(trend, { widthMs: QUARTER_MS, spans });
    for (const row of selectQuarters.all(agent, QUARTER_MS, fromMs - ROLLUP_ROW_MS, toMs, fromMs)) {
      trend.assertInTime();
      cache.read(row, wanted, add);
    }
  }

  /** Adds roll-ups that touch one of the spans. */
  function adding(
    trend: Trend,
    of: { readonly widthMs: number; readonly spans: readonly Span[] },
  ): (id: number, columns: RollupColumns) => void {
    const [only] = of.spans;
    const touches = (atMs: number): boolean =>
      of.spans.length === 1 && only !== undefined
        ? atMs + of.widthMs > only.fromMs && atMs < only.toMs
        : of.spans.some(({ fromMs, toMs }) => atMs + of.widthMs > fromMs && atMs < toMs);
    return (id, columns) => {
      const into = trend.steps.get(id);
      for (let i = 0; i < columns.atMs.length; i += 1) {
        const atMs = columns.atMs[i] ?? 0;
        if (touches(atMs)) {
          into?.addStep(Math.max(atMs, trend.fromMs), {
            min: columns.min[i] ?? 0,
            max: columns.max[i] ?? 0,
            mean: columns.mean[i] ?? 0,
            last: columns.last[i] ?? 0,
            count: columns.count[i] ?? 0,
          });
        }
      }
    };
  }

  function readLanded(trend: Trend): void {
    landed.read(trend, trend.wanted, (id, atMs, value) => trend.steps.get(id)?.add(atMs, value));
  }

  // one moment of the file: the compactor moves frames between two of these queries
  return { series: db.transaction(series) };
}

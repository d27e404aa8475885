/** What a reader's thread asks of the database. Reads never wait for the writer, nor it for them. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Finding, SeriesData } from "../../shared/rest.ts";
import { parseSeriesKey } from "../../shared/series-key.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Db } from "./database.ts";
import { joinBytes } from "./frame-batch.ts";
import { inflateBlob } from "./frame-blob.ts";
import type { KnownSeries, SeriesQuery } from "./history-door.ts";
import { scanSamples } from "./scan-samples.ts";
import { createSeriesSteps, type SeriesSteps } from "./series-steps.ts";
import { ROW, ROW_WIDTH, type BatchStream, type FrameBatch, type FrameSelection } from "./worker-protocol.ts";

/** Frames in one answer of selectFrames, at most: 8 MB of row ids. */
const MAX_SELECTED = 1_000_000;
/** Different series in one trend, at most. */
const MAX_TREND_SERIES = 500;
/** What one trend may cost before it is given up: others wait behind it. */
const TREND_BUDGET_MS = 20_000;
/** Frames between two looks at the clock. */
const BUDGET_CHECK_FRAMES = 1024;

export interface Reader {
  selectFrames(selection: FrameSelection): Float64Array<ArrayBuffer>;
  readFrames(ids: Float64Array): FrameBatch;
  findings(cluster: string, fromMs: number, toMs: number): readonly Finding[];
  activeFindings(): readonly (readonly [string, readonly Finding[]])[];
  clusters(): readonly string[];
  knownSeries(cluster: string): readonly KnownSeries[];
  series(query: SeriesQuery): readonly SeriesData[];
}

interface FrameRow {
  readonly instance: number;
  readonly sequence: number;
  readonly captured_ms: number;
  readonly received_ms: number;
  readonly sample_count: number;
  readonly encoding: number;
  readonly blob: Uint8Array;
}

export function createReader(db: Db, clock: Clock): Reader {
  const newestFirst = db.prepare<[], { id: number; received_ms: number }>(
    "SELECT id, received_ms FROM frame ORDER BY id DESC",
  );
  const byCapture = db
    .prepare<[string, number, number], number>(
      `SELECT frame.id FROM agent JOIN frame ON frame.agent = agent.id
       WHERE agent.cluster = ? AND frame.captured_ms >= ? AND frame.captured_ms < ?
       ORDER BY frame.captured_ms, frame.id`,
    )
    .pluck();
  const selectFrame = db.prepare<[number], FrameRow>(
    "SELECT instance, sequence, captured_ms, received_ms, sample_count, encoding, blob FROM frame WHERE id = ?",
  );
  const selectStream = db.prepare<[number], BatchStream>(
    `SELECT agent.cluster, agent.node, instance.name AS instanceId, instance.agent_version AS agentVersion
     FROM instance JOIN agent ON agent.id = instance.agent WHERE instance.id = ?`,
  );
  const selectFindings = db
    .prepare<[string, number, number], string>(
      `SELECT json FROM finding WHERE cluster = ? AND since_ms <= ? AND (until_ms IS NULL OR until_ms >= ?)
       ORDER BY since_ms DESC, id`,
    )
    .pluck();
  const selectActive = db.prepare<[], { cluster: string; json: string }>(
    "SELECT cluster, json FROM finding WHERE until_ms IS NULL ORDER BY cluster, since_ms DESC, id",
  );
  const selectClusters = db
    .prepare<[], string>("SELECT DISTINCT cluster FROM agent ORDER BY cluster")
    .pluck();
  const selectKnown = db.prepare<[string], KnownSeries>(
    `SELECT DISTINCT agent.node, series.metric FROM agent
     JOIN agent_series ON agent_series.agent = agent.id JOIN series ON series.id = agent_series.series
     WHERE agent.cluster = ? ORDER BY series.metric, agent.node`,
  );
  const selectTrend = db.prepare<
    [string, string, string],
    { agent: number; node: string; id: number; key: string }
  >(
    `SELECT agent.id AS agent, agent.node, series.id, series.key FROM agent
     JOIN series ON series.metric = ? JOIN agent_series ON agent_series.agent = agent.id AND agent_series.series = series.id
     WHERE agent.cluster = ? AND ? IN ('', agent.node) ORDER BY agent.node, series.key`,
  );
  const scanAgent = db.prepare<[number, number, number], Pick<FrameRow, "captured_ms" | "encoding" | "blob">>(
    `SELECT captured_ms, encoding, blob FROM frame
     WHERE agent = ? AND captured_ms >= ? AND captured_ms < ? AND sample_count > 0 ORDER BY captured_ms`,
  );

  function selectFrames(selection: FrameSelection): Float64Array<ArrayBuffer> {
    const ids: number[] = [];
    if (selection.kind === "received") {
      for (const row of newestFirst.iterate()) {
        if (row.received_ms < selection.sinceMs) {
          break;
        }
        ids.push(row.id);
        assertSelectable(ids.length);
      }
      ids.reverse();
    } else {
      for (const id of byCapture.iterate(selection.cluster, selection.fromMs, selection.toMs)) {
        ids.push(id);
        assertSelectable(ids.length);
      }
    }
    return Float64Array.from(ids);
  }

  function readFrames(ids: Float64Array): FrameBatch {
    const rows: number[] = [];
    const blobs: Uint8Array[] = [];
    const streams: BatchStream[] = [];
    const places = new Map<number, number>();
    let blobEnd = 0;
    for (const id of ids) {
      const row = selectFrame.get(id);
      if (row === undefined) {
        continue; // retention was faster
      }
      const place = places.get(row.instance) ?? streams.length;
      if (place === streams.length) {
        const stream = selectStream.get(row.instance);
        if (stream === undefined) {
          continue;
        }
        streams.push(stream);
        places.set(row.instance, place);
      }
      const blob = inflateBlob({ encoding: row.encoding, bytes: row.blob });
      blobs.push(blob);
      blobEnd += blob.length;
      const at = rows.length;
      rows.length += ROW_WIDTH;
      rows[at + ROW.stream] = place;
      rows[at + ROW.sequence] = row.sequence;
      rows[at + ROW.capturedMs] = row.captured_ms;
      rows[at + ROW.receivedMs] = row.received_ms;
      rows[at + ROW.sampleCount] = row.sample_count;
      rows[at + ROW.blobEnd] = blobEnd;
    }
    return { streams, rows: Float64Array.from(rows), blobs: joinBytes(blobs, blobEnd) };
  }

  function series(query: SeriesQuery): readonly SeriesData[] {
    const found = selectTrend.all(query.metric, query.cluster, query.node ?? "");
    if (found.length > MAX_TREND_SERIES) {
      throw new EtcdscopeError(
        "LIMIT_EXCEEDED",
        `Expected at most ${MAX_TREND_SERIES} series of a metric, got ${found.length}: ask for one node`,
      );
    }
    const startedUs = clock.monotonicUs();
    const answer: SeriesData[] = [];
    for (const agent of new Set(found.map((one) => one.agent))) {
      const ofAgent = found.filter((one) => one.agent === agent);
      const steps = new Map<number, SeriesSteps>(ofAgent.map(({ id }) => [id, createSeriesSteps(query)]));
      scanFrames(agent, { query, steps, deadlineUs: startedUs + TREND_BUDGET_MS * 1000 });
      for (const { id, node, key } of ofAgent) {
        const points = steps.get(id)?.points() ?? [];
        if (points.length > 0) {
          answer.push({ node, labels: parseSeriesKey(key).labels, points });
        }
      }
    }
    return answer;
  }

  interface Scan {
    readonly query: SeriesQuery;
    readonly steps: ReadonlyMap<number, SeriesSteps>;
    readonly deadlineUs: number;
  }

  function scanFrames(agent: number, scan: Scan): void {
    const wanted = new Set(scan.steps.keys());
    let scanned = 0;
    for (const row of scanAgent.iterate(agent, scan.query.fromMs, scan.query.toMs)) {
      scanSamples(inflateBlob({ encoding: row.encoding, bytes: row.blob }), wanted, (id, value) =>
        scan.steps.get(id)?.add(row.captured_ms, value),
      );
      scanned += 1;
      if (scanned % BUDGET_CHECK_FRAMES === 0 && clock.monotonicUs() > scan.deadlineUs) {
        throw new EtcdscopeError(
          "LIMIT_EXCEEDED",
          "Expected a shorter span: this trend reads too many frames",
        );
      }
    }
  }

  return {
    selectFrames,
    readFrames,
    findings: (cluster, fromMs, toMs) => selectFindings.all(cluster, toMs, fromMs).map(parseFinding),
    activeFindings: () => {
      const byCluster = new Map<string, Finding[]>();
      for (const { cluster, json } of selectActive.all()) {
        byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), parseFinding(json)]);
      }
      return [...byCluster];
    },
    clusters: () => selectClusters.all(),
    knownSeries: (cluster) => selectKnown.all(cluster),
    series,
  };
}

function assertSelectable(count: number): void {
  if (count > MAX_SELECTED) {
    throw new EtcdscopeError("LIMIT_EXCEEDED", `Expected a span of at most ${MAX_SELECTED} frames`);
  }
}

function parseFinding(json: string): Finding {
  return JSON.parse(json) as Finding;
}

/** What a reader's thread asks of the database. Reads never wait for the writer, nor it for them. */
import type { Clock } from "../../shared/clock.ts";
import type { Finding } from "../../shared/rest.ts";
import type { Db } from "./database.ts";
import { createDocumentReader, type DocumentReader } from "./document-reader.ts";
import { createFrameReader, type FrameReader } from "./frame-reader.ts";
import type { KnownSeries, LastFrame } from "./history-door.ts";
import { createTrendReader, type TrendReader } from "./trend-reader.ts";
import type { Span } from "./worker-protocol.ts";

export interface Reader extends FrameReader, TrendReader, DocumentReader {
  findings(span: Span): readonly Finding[];
  activeFindings(): readonly (readonly [string, readonly Finding[]])[];
  clusters(): readonly string[];
  lastFrames(): readonly LastFrame[];
  knownSeries(cluster: string): readonly KnownSeries[];
}

export function createReader(db: Db, clock: Clock): Reader {
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
  const selectLast = db.prepare<[], LastFrame>(
    `SELECT cluster, node, max(at_ms) AS atMs FROM (
       SELECT cluster, node, (SELECT max(captured_ms) FROM frame WHERE agent = agent.id) AS at_ms FROM agent UNION ALL
       SELECT cluster, node, (SELECT max(to_ms) FROM landed_pack WHERE agent = agent.id) FROM agent UNION ALL
       SELECT cluster, node, (SELECT to_ms FROM block WHERE agent = agent.id ORDER BY from_ms DESC LIMIT 1) FROM agent)
     WHERE at_ms IS NOT NULL GROUP BY cluster, node`,
  );
  const selectKnown = db.prepare<[string], KnownSeries>(
    `SELECT DISTINCT agent.node, series.metric FROM agent
     JOIN agent_series ON agent_series.agent = agent.id JOIN series ON series.id = agent_series.series
     WHERE agent.cluster = ? ORDER BY series.metric, agent.node`,
  );

  return {
    ...createFrameReader(db),
    ...createTrendReader(db, clock),
    ...createDocumentReader(db),
    findings: ({ cluster, fromMs, toMs }) => selectFindings.all(cluster, toMs, fromMs).map(parseFinding),
    activeFindings: () => {
      const byCluster = new Map<string, Finding[]>();
      for (const { cluster, json } of selectActive.all()) {
        byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), parseFinding(json)]);
      }
      return [...byCluster];
    },
    clusters: () => selectClusters.all(),
    lastFrames: () => selectLast.all(),
    knownSeries: (cluster) => selectKnown.all(cluster),
  };
}

function parseFinding(json: string): Finding {
  return JSON.parse(json) as Finding;
}

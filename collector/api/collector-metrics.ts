/** The collector's own metrics in Prometheus' text form, read from counters that others keep. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { ClusterSummary, Verdict } from "../../shared/rest.ts";
import type { IngestCounters } from "../ingest/counters.ts";
import type { EventHub, EventHubCounters } from "./stream/event-hub.ts";
import { OUTPUT_KINDS, type OutputCounters, type OutputKind } from "../output/output-counters.ts";

export type OutputMetrics = Readonly<Record<OutputKind, Readonly<OutputCounters>>>;

export interface CollectorMetrics {
  readonly contentType: string;
  render(clusters: readonly ClusterSummary[]): Promise<string>;
}

const VERDICTS: readonly Verdict[] = [
  "healthy",
  "degraded",
  "at-risk",
  "no-leader",
  "quorum-lost",
  "unknown",
];

interface CounterRow {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly key: NumericCounter;
}

type NumericCounter = {
  [Key in keyof IngestCounters]: IngestCounters[Key] extends number ? Key : never;
}[keyof IngestCounters];

/** Every number that the ingest counts; a test holds this list against it. */
const ROWS: readonly CounterRow[] = [
  { name: "streams", type: "gauge", help: "Agents connected", key: "streams" },
  { name: "connections", type: "gauge", help: "Connections open", key: "connections" },
  { name: "frames_total", type: "counter", help: "Frames accepted", key: "framesTotal" },
  { name: "samples_total", type: "counter", help: "Samples accepted", key: "samplesTotal" },
  { name: "bytes_total", type: "counter", help: "Bytes of frames accepted", key: "bytesTotal" },
  {
    name: "duplicate_frames_total",
    type: "counter",
    help: "Frames received again and dropped",
    key: "duplicateFramesTotal",
  },
  {
    name: "missing_frames_total",
    type: "counter",
    help: "Frames that agents dropped before they could send them",
    key: "missingFramesTotal",
  },
  {
    name: "live_only_frames_total",
    type: "counter",
    help: "Frames shown live but not kept, as the history could not be written",
    key: "liveOnlyFramesTotal",
  },
  {
    name: "handshakes_total",
    type: "counter",
    help: "TLS handshakes that came to their end",
    key: "handshakesTotal",
  },
  {
    name: "handshakes_waiting",
    type: "gauge",
    help: "Connections that wait for their turn to begin TLS",
    key: "handshakesWaiting",
  },
  {
    name: "rejected_connections_total",
    type: "counter",
    help: "Handshakes that failed and certificates that were not trusted",
    key: "rejectedConnectionsTotal",
  },
  {
    name: "slowed_total",
    type: "counter",
    help: "Pauses of streams that sent more than they may",
    key: "slowedTotal",
  },
  { name: "commits_total", type: "counter", help: "Group commits made durable", key: "commitsTotal" },
  {
    name: "commit_failures_total",
    type: "counter",
    help: "Group commits that failed and were tried again",
    key: "commitFailuresTotal",
  },
  {
    name: "commit_seconds_total",
    type: "counter",
    help: "Time spent on group commits",
    key: "commitSecondsTotal",
  },
  {
    name: "last_commit_seconds",
    type: "gauge",
    help: "Duration of the last group commit",
    key: "lastCommitSeconds",
  },
  { name: "pending_frames", type: "gauge", help: "Frames that wait for a commit", key: "pendingFrames" },
  { name: "pending_bytes", type: "gauge", help: "Bytes that wait for a commit", key: "pendingBytes" },
];

export interface MetricSources {
  readonly ingestMetrics: IngestCounters;
  readonly events: Pick<EventHub, "counters">;
  readonly outputMetrics: OutputMetrics;
  /** On the HTTP port, since the start. */
  readonly refusedConnections?: () => number;
}

/** The counters are read at each scrape. */
export function createCollectorMetrics(sources: MetricSources): CollectorMetrics {
  const { ingestMetrics, events, outputMetrics } = sources;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const verdict = new Gauge({
    name: "etcdscope_cluster_verdict",
    help: "1 for the verdict in force of each cluster, 0 for the others",
    labelNames: ["cluster", "verdict"],
    registers: [registry],
  });
  const tolerance = new Gauge({
    name: "etcdscope_cluster_failure_tolerance",
    help: "Voters that may still fail; negative: missing for a quorum",
    labelNames: ["cluster"],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    async render(clusters) {
      // Clusters that are gone must not linger.
      verdict.reset();
      tolerance.reset();
      for (const cluster of clusters) {
        for (const candidate of VERDICTS) {
          verdict.set({ cluster: cluster.name, verdict: candidate }, candidate === cluster.verdict ? 1 : 0);
        }
        tolerance.set({ cluster: cluster.name }, cluster.tolerance);
      }
      const others = `${renderIngest(ingestMetrics)}${renderStreams(events.counters())}${renderConnections(sources.refusedConnections?.() ?? 0)}${renderOutputs(outputMetrics)}`;
      return `${(await registry.metrics()).trimEnd()}\n${others}`;
    },
  };
}

/** The ingest counts by itself; prom-client's counters can only be moved, never told a total. */
function renderIngest(counters: IngestCounters): string {
  const lines = ROWS.flatMap(({ name, type, help, key }) => [
    `# HELP etcdscope_ingest_${name} ${help}`,
    `# TYPE etcdscope_ingest_${name} ${type}`,
    `etcdscope_ingest_${name} ${counters[key]}`,
  ]);
  const refusals = [...counters.refusalsTotal].map(
    ([reason, count]) =>
      `etcdscope_ingest_refusals_total{reason="${reason.replaceAll(/[^\w-]/g, "_")}"} ${count}`,
  );
  return [
    ...lines,
    "# HELP etcdscope_ingest_refusals_total Streams refused, by reason",
    "# TYPE etcdscope_ingest_refusals_total counter",
    ...refusals,
    "",
  ].join("\n");
}

function renderStreams({ listening, droppedTotal, refusedTotal }: EventHubCounters): string {
  const rows = [
    ["event_streams", "gauge", "Clients of the event streams", listening],
    ["event_streams_dropped_total", "counter", "Clients cut off as they read too slowly", droppedTotal],
    ["event_streams_refused_total", "counter", "Clients refused as too many were there", refusedTotal],
  ] as const;
  return rows
    .map(([name, type, help, value]) => {
      const full = `etcdscope_api_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
    })
    .join("");
}

function renderConnections(refused: number): string {
  const name = "etcdscope_api_connections_refused_total";
  return `# HELP ${name} Connections closed at once as too many were there\n# TYPE ${name} counter\n${name} ${refused}\n`;
}

const OUTPUT_ROWS = [
  ["sent_total", "Alerts, deliveries or samples that a receiver took", "sentTotal"],
  ["failures_total", "Requests that failed and were tried again", "failuresTotal"],
  ["dropped_total", "What was let go: a full queue, or refused for good", "droppedTotal"],
] as const;

function renderOutputs(outputs: OutputMetrics): string {
  return OUTPUT_ROWS.flatMap(([name, help, key]) => [
    `# HELP etcdscope_output_${name} ${help}`,
    `# TYPE etcdscope_output_${name} counter`,
    ...OUTPUT_KINDS.map((kind) => `etcdscope_output_${name}{kind="${kind}"} ${outputs[kind][key]}`),
  ])
    .map((line) => `${line}\n`)
    .join("");
}

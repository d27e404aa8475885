/** Endpoints of recorded values: which metrics there are, and one of them over a span. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { METRIC_CATALOGUE } from "../../../shared/metric-catalogue.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { SeriesAnswer, SeriesDescription } from "../../../shared/rest.ts";
import { addEndpoint, notFound, requireCluster, type ApiContext } from "../api-context.ts";
import { takePage } from "../paging.ts";
import {
  CLUSTER_PARAMS,
  PAGE_PARAMETERS,
  querySchema,
  readSpan,
  SPAN_PARAMETERS,
  type PageQuery,
  type SpanQuery,
} from "../query.ts";

const DEFAULT_SPAN_MS = 3_600_000;
const DEFAULT_POINTS = 300;
const MAX_POINTS = 5_000;

interface SeriesRequestQuery extends SpanQuery {
  readonly node?: string;
  readonly points: number;
}

export function addSeriesRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/series",
      summary: "The metrics recorded of a cluster, with units and nodes",
      tag: "history",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema(PAGE_PARAMETERS),
      answer: "SeriesList",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { limit, cursor } = request.query as PageQuery;
      const list = await listSeries(context, cluster);
      const page = takePage(list, { keyOf: ({ metric }) => metric, limit, cursor });
      return { cluster, series: page.entries, nextCursor: page.nextCursor };
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/series/:metric",
      summary: "One metric over a span, in steps with min, max, mean and last",
      tag: "history",
      role: "viewer",
      params: {
        type: "object",
        properties: { ...CLUSTER_PARAMS.properties, metric: { type: "string" } },
        required: ["cluster", "metric"],
      },
      query: querySchema({
        node: { type: "string", minLength: 1, maxLength: 253, description: "One node; left out: every node" },
        ...SPAN_PARAMETERS,
        points: {
          type: "integer",
          minimum: 1,
          maximum: MAX_POINTS,
          default: DEFAULT_POINTS,
          description: "Steps that the span is divided into",
        },
      }),
      answer: "Series",
    },
    async (request) => readSeries(context, request),
  );
}

async function listSeries(context: ApiContext, cluster: string): Promise<SeriesDescription[]> {
  const nodesOf = new Map<string, Set<string>>();
  for (const { metric, node } of await context.history.knownSeries(cluster)) {
    nodesOf.set(metric, (nodesOf.get(metric) ?? new Set()).add(node));
  }
  return [...nodesOf].map(([metric, nodes]) => {
    const known = METRIC_CATALOGUE.find(({ name }) => name === metric);
    return {
      metric,
      unit: known?.unit ?? "",
      kind: known?.kind ?? (metric.endsWith("_total") ? "counter" : "gauge"),
      // A newer agent may send what this collector has no words for.
      help: known?.help ?? { en: metric, zh: metric },
      nodes: [...nodes].sort(),
    };
  });
}

async function readSeries(context: ApiContext, request: FastifyRequest): Promise<SeriesAnswer> {
  const cluster = requireCluster(context, request);
  const { metric } = request.params as { readonly metric: string };
  const query = request.query as SeriesRequestQuery;
  const { fromMs, toMs } = readSpan(query, context.clock.nowMs(), DEFAULT_SPAN_MS);
  const list = await listSeries(context, cluster);
  const described = list.find((entry) => entry.metric === metric);
  if (described === undefined) {
    const known = list.map((entry) => entry.metric).sort();
    throw notFound("metric", metric, known);
  }
  if (query.node !== undefined && !described.nodes.includes(query.node)) {
    throw notFound("node", query.node, described.nodes);
  }
  // A step shorter than a millisecond tells nothing more.
  const points = Math.min(query.points, toMs - fromMs);
  const series = await context.history.series({ cluster, metric, node: query.node, fromMs, toMs, points });
  return {
    metric,
    unit: described.unit,
    from: formatTimestamp(fromMs),
    to: formatTimestamp(toMs),
    stepMs: (toMs - fromMs) / points,
    series,
  };
}

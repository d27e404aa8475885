/** Endpoints of recorded values: which metrics there are, and one of them over a span. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { METRIC_CATALOGUE } from "../../../shared/metric-catalogue.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { SeriesAnswer, SeriesDescription } from "../../../shared/rest.ts";
import { addEndpoint, notFound, requireCluster, type ApiContext } from "../api-context.ts";
import { renderCsv } from "../csv.ts";
import { takePage } from "../paging.ts";
import { badRequest } from "../problem.ts";
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

const MAX_METRICS = 20;
const NODE = { type: "string", minLength: 1, maxLength: 2048 } as const;
const POINTS = {
  type: "integer",
  minimum: 1,
  maximum: MAX_POINTS,
  default: DEFAULT_POINTS,
  description: "Steps that the span is divided into",
} as const;

interface SeriesRequestQuery extends SpanQuery {
  readonly node?: string;
  readonly points: number;
  readonly format: "json" | "csv";
}

interface TrendsQuery extends SeriesRequestQuery {
  readonly metric: string;
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
      hasTag: true,
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
      summary: "One metric over a span, in steps with min, max, mean and last; or as CSV for a spreadsheet",
      description: "With format=csv the answer is text/csv: at, node, labels, min, max, mean, last.",
      tag: "history",
      role: "viewer",
      params: {
        type: "object",
        properties: { ...CLUSTER_PARAMS.properties, metric: { type: "string" } },
        required: ["cluster", "metric"],
      },
      query: querySchema({
        node: { ...NODE, description: "Nodes, with commas between them; left out: every node" },
        ...SPAN_PARAMETERS,
        points: POINTS,
        format: { type: "string", enum: ["json", "csv"], default: "json" },
      }),
      answer: "Series",
      hasTag: true,
    },
    async (request, reply) => {
      const { metric } = request.params as { readonly metric: string };
      const { format } = request.query as SeriesRequestQuery;
      const [answer] = await readMetrics(context, request, [metric]);
      return format === "csv" && answer !== undefined ? sendCsv(answer, reply) : answer;
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/trends",
      summary: "Several metrics over one span, with the same steps",
      tag: "history",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: {
        ...querySchema({
          metric: {
            type: "string",
            minLength: 1,
            maxLength: 4096,
            description: `Up to ${MAX_METRICS} metrics, with commas between them`,
          },
          node: { ...NODE, description: "Nodes, with commas between them; left out: every node" },
          ...SPAN_PARAMETERS,
          points: POINTS,
        }),
        required: ["metric"],
      },
      answer: "Trends",
      hasTag: true,
    },
    async (request) => {
      const metrics = splitNames((request.query as TrendsQuery).metric);
      if (metrics.length === 0 || metrics.length > MAX_METRICS) {
        throw badRequest("metric", `expected 1 to ${MAX_METRICS} metrics, got ${metrics.length}`);
      }
      const { cluster } = request.params as { readonly cluster: string };
      return { cluster, metrics: await readMetrics(context, request, metrics) };
    },
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

async function readMetrics(
  context: ApiContext,
  request: FastifyRequest,
  metrics: readonly string[],
): Promise<readonly SeriesAnswer[]> {
  const cluster = requireCluster(context, request);
  const query = request.query as SeriesRequestQuery;
  const { fromMs, toMs } = readSpan(query, context.clock.nowMs(), DEFAULT_SPAN_MS);
  const list = await listSeries(context, cluster);
  const nodes = query.node === undefined ? undefined : splitNames(query.node);
  // A step shorter than a millisecond tells nothing more.
  const points = Math.min(query.points, toMs - fromMs);
  const described = metrics.map((metric) => describeMetric(list, { metric, nodes }));
  const answers: SeriesAnswer[] = [];
  for (const { metric, unit } of described) {
    const node = nodes?.length === 1 ? nodes[0] : undefined;
    const series = await context.history.series({ cluster, metric, node, fromMs, toMs, points });
    answers.push({
      metric,
      unit,
      from: formatTimestamp(fromMs),
      to: formatTimestamp(toMs),
      stepMs: (toMs - fromMs) / points,
      series: nodes === undefined ? series : series.filter((one) => nodes.includes(one.node)),
    });
  }
  return answers;
}

function describeMetric(
  list: readonly SeriesDescription[],
  { metric, nodes }: { readonly metric: string; readonly nodes: readonly string[] | undefined },
): SeriesDescription {
  const described = list.find((entry) => entry.metric === metric);
  if (described === undefined) {
    throw notFound("metric", metric, list.map((entry) => entry.metric).sort());
  }
  const unknown = nodes?.find((node) => !described.nodes.includes(node));
  if (unknown !== undefined || nodes?.length === 0) {
    throw notFound("node", unknown ?? "", described.nodes);
  }
  return described;
}

function splitNames(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
}

function sendCsv({ metric, series }: SeriesAnswer, reply: FastifyReply): FastifyReply {
  const rows = series.flatMap(({ node, labels, points }) => {
    const written = Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(";");
    return points.map(({ at, min, max, mean, last }) => [at, node, written, min, max, mean, last]);
  });
  void reply
    .type("text/csv; charset=utf-8")
    .header("content-disposition", `attachment; filename="${metric.replaceAll(/[^\w.-]/g, "_")}.csv"`);
  return reply
    .serializer(String)
    .send(renderCsv(["at", "node", "labels", "min", "max", "mean", "last"], rows));
}

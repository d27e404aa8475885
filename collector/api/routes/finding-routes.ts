/** The endpoint of findings: those of now, or those that were active at some time of a span. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { Finding } from "../../../shared/rest.ts";
import { addEndpoint, requireCluster, type ApiContext } from "../api-context.ts";
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

interface FindingQuery extends PageQuery, SpanQuery {
  readonly active?: boolean;
}

export function addFindingRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/findings",
      summary:
        "Findings, newest first: those of now, or with from and to those active at some time of the span",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({
        active: { type: "boolean", description: "true: active ones only; false: resolved ones only" },
        ...SPAN_PARAMETERS,
        ...PAGE_PARAMETERS,
      }),
      answer: "FindingList",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { active, limit, cursor } = request.query as FindingQuery;
      const found = await readFindings(context, request, cluster);
      const page = takePage(
        found.filter(({ status }) => active === undefined || (status === "active") === active),
        { keyOf: newestFirst, limit, cursor },
      );
      return { cluster, findings: page.entries, nextCursor: page.nextCursor };
    },
  );
}

async function readFindings(
  context: ApiContext,
  request: FastifyRequest,
  cluster: string,
): Promise<readonly Finding[]> {
  const query = request.query as FindingQuery;
  if (query.from === undefined && query.to !== undefined) {
    // What is wrong with it comes first.
    readSpan({ from: "1970-01-01T00:00:00Z", to: query.to }, context.clock.nowMs(), 0);
    throw badRequest("from", "is required with to");
  }
  if (query.from !== undefined) {
    const { fromMs, toMs } = readSpan(query, context.clock.nowMs(), 0);
    return context.source.findings(cluster, fromMs, toMs);
  }
  const state = context.source.state(cluster);
  if (state === undefined) {
    throw new EtcdscopeError("UNAVAILABLE", `The cluster "${cluster}" has not been judged yet; ask again`);
  }
  return state.findings;
}

/** Larger than any time in milliseconds that a finding can have. */
const END_OF_TIME_MS = 1e15;

function newestFirst(finding: Finding): string {
  return `${END_OF_TIME_MS - Date.parse(finding.since)} ${finding.id}`;
}

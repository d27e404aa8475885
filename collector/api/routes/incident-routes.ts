/** Endpoints of incidents, their reports, what happened and changed, and whether a member may be stopped. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { Incident, IncidentReport } from "../../../shared/rest-incident.ts";
import type { NoteKind } from "../../../shared/note.ts";
import type { Language } from "../../../shared/text.ts";
import { listFollowUps } from "../../incident/follow-ups.ts";
import { renderHtml, renderMarkdown, REPORT_STYLE } from "../../incident/render-report.ts";
import { writeReport } from "../../incident/write-report.ts";
import { addEndpoint, notFound, requireCluster, type ApiContext } from "../api-context.ts";
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

const DAY_MS = 86_400_000;
const INCIDENTS_SPAN_MS = 30 * DAY_MS;
const MOVERS_SPAN_MS = 3_600_000;
/** A longer one reads more than anybody waits for. */
const MAX_MOVERS_SPAN_MS = DAY_MS;
/** Larger than any time in milliseconds that an entry can have. */
const END_OF_TIME_MS = 1e15;
const STYLE_HASH = createHash("sha256").update(REPORT_STYLE).digest("base64");
const REPORT_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'`;

function paramsWith(name: string): object {
  return {
    type: "object",
    properties: { ...CLUSTER_PARAMS.properties, [name]: { type: "string" } },
    required: ["cluster", name],
  };
}

function newestFirst(at: string, id: string): string {
  return `${END_OF_TIME_MS - Date.parse(at)} ${id}`;
}

export function addIncidentRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/incidents",
      summary: "Incidents open at some time of a span (default: the last 30 days), newest first",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...SPAN_PARAMETERS, ...PAGE_PARAMETERS }),
      answer: "IncidentList",
      hasTag: true,
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { limit, cursor } = request.query as PageQuery;
      const span = readSpan(request.query as SpanQuery, context.clock.nowMs(), INCIDENTS_SPAN_MS);
      const page = takePage(await context.incidents.list(cluster, span), {
        keyOf: ({ openedAt, id }) => newestFirst(openedAt, id),
        limit,
        cursor,
      });
      return { cluster, incidents: page.entries, nextCursor: page.nextCursor };
    },
  );
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/incidents/:id",
      summary:
        "One incident: causes, findings, one timeline over all nodes, impact, what changed before, trends",
      tag: "state",
      role: "viewer",
      params: paramsWith("id"),
      answer: "Incident",
      hasTag: true,
    },
    async (request) => requireIncident(context, request),
  );
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/incidents/:id/report",
      summary: "The incident as a post-mortem draft: Markdown, HTML (text/html) or JSON (an IncidentReport)",
      tag: "state",
      role: "viewer",
      params: paramsWith("id"),
      query: querySchema({
        format: { type: "string", enum: ["md", "html", "json"], default: "md" },
        lang: { type: "string", enum: ["en", "zh"], default: "en" },
      }),
      produces: "text/markdown",
    },
    async (request, reply) => sendReport(context, request, reply),
  );
  addNotes(app, context, { kind: "change", name: "changes", what: "What is another one than before" });
  addNotes(app, context, { kind: "event", name: "events", what: "What happened on the nodes" });
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/movers",
      summary: "The metrics that changed most against the span of the same length before, ranked",
      tag: "history",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema(SPAN_PARAMETERS),
      answer: "Movers",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const span = readSpan(request.query as SpanQuery, context.clock.nowMs(), MOVERS_SPAN_MS);
      if (span.toMs - span.fromMs > MAX_MOVERS_SPAN_MS) {
        throw badRequest("from", "expected a span of at most 24 h");
      }
      return context.incidents.movers(cluster, span);
    },
  );
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/can-i/stop/:member",
      summary:
        "Whether a member may be stopped now (restart, drain, upgrade) without losing the quorum, with reasons",
      tag: "state",
      role: "viewer",
      params: paramsWith("member"),
      answer: "CanStop",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { member } = request.params as { readonly member: string };
      const answer = context.incidents.canStop(cluster, member);
      if (answer === undefined) {
        const known = context.source.state(cluster)?.members.map(({ name }) => name) ?? [];
        throw notFound("member", member, known);
      }
      return answer;
    },
  );
}

interface NoteEndpoint {
  readonly kind: NoteKind;
  readonly name: "changes" | "events";
  readonly what: string;
}

function addNotes(app: FastifyInstance, context: ApiContext, { kind, name, what }: NoteEndpoint): void {
  addEndpoint(
    app,
    {
      path: `/api/v1/clusters/:cluster/${name}`,
      summary: `${what}, in a span (default: the last day), newest first; the newest 5000 of the span`,
      tag: "history",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...SPAN_PARAMETERS, ...PAGE_PARAMETERS }),
      answer: name === "changes" ? "ChangeList" : "EventList",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { limit, cursor } = request.query as PageQuery;
      const span = readSpan(request.query as SpanQuery, context.clock.nowMs(), DAY_MS);
      const page = takePage(await context.incidents.notes(cluster, kind, span), {
        keyOf: ({ at, id }) => newestFirst(at, id),
        limit,
        cursor,
      });
      return { cluster, [name]: page.entries, nextCursor: page.nextCursor };
    },
  );
}

async function requireIncident(context: ApiContext, request: FastifyRequest): Promise<Incident> {
  const cluster = requireCluster(context, request);
  const { id } = request.params as { readonly id: string };
  const incident = await context.incidents.find(cluster, id);
  if (incident === undefined) {
    const message = `No incident "${id.slice(0, 64)}" of "${cluster}"; /api/v1/clusters/${cluster}/incidents lists them`;
    throw new EtcdscopeError("NOT_FOUND", message, { field: "id" });
  }
  return incident;
}

async function sendReport(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { format, lang } = request.query as {
    readonly format: "md" | "html" | "json";
    readonly lang: Language;
  };
  const incident = await requireIncident(context, request);
  const report: IncidentReport = {
    incident,
    generatedAt: formatTimestamp(context.clock.nowMs()),
    followUps: listFollowUps(incident),
  };
  if (format === "json") {
    return report;
  }
  const document = writeReport(report, lang);
  if (format === "html") {
    void reply.header("content-security-policy", REPORT_POLICY).type("text/html; charset=utf-8");
    return reply.serializer(String).send(renderHtml(document));
  }
  void reply.type("text/markdown; charset=utf-8");
  return reply.serializer(String).send(renderMarkdown(document));
}

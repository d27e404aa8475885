/** The endpoint that gives the recorded frames of a span away, as a file that can be replayed elsewhere. */
import type { OutgoingHttpHeaders } from "node:http";
import { pipeline, Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import { MAX_CAPTURE_MS } from "../../capture/write-capture.ts";
import { addEndpoint, requireCluster, type ApiContext } from "../api-context.ts";
import { badRequest } from "../problem.ts";
import { CLUSTER_PARAMS, querySchema, readSpan, SPAN_PARAMETERS, type SpanQuery } from "../query.ts";

export function addCaptureRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/capture",
      summary: "Everything recorded in a span of at most 6 h, as a file for etcdscope replay",
      description:
        "One line of JSON that says what it is, then compressed frames with five minutes before the span, then their SHA-256. " +
        "Of a node that was silent in those five minutes, the first line has what held when it was last heard. " +
        "What looks like a secret is redacted. A file that is cut short fails its checksum.",
      tag: "history",
      role: "admin",
      params: CLUSTER_PARAMS,
      query: querySchema(SPAN_PARAMETERS),
      produces: "application/octet-stream",
    },
    async (request, reply) => sendCapture(context, request, reply),
  );
}

async function sendCapture(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const cluster = requireCluster(context, request);
  const query = request.query as SpanQuery;
  if (query.from === undefined) {
    throw badRequest("from", "is required");
  }
  const { fromMs, toMs } = readSpan(query, context.clock.nowMs(), 0);
  if (toMs - fromMs > MAX_CAPTURE_MS) {
    throw badRequest("from", "expected a span of at most 6 h");
  }
  const pieces = await context.source.capture({ cluster, fromMs, toMs });
  if (pieces === undefined) {
    const span = `from ${formatTimestamp(fromMs)} to ${formatTimestamp(toMs)}`;
    throw new EtcdscopeError("NOT_FOUND", `The history holds nothing of "${cluster}" ${span}`, {
      field: "from",
    });
  }
  const name = `${cluster}-${formatTimestamp(fromMs)
    .slice(0, 19)
    .replaceAll(/[^\dT]/g, "")}.etcdscope`;
  void reply
    .type("application/octet-stream")
    .header("content-disposition", `attachment; filename="${name.replaceAll(/[^\w.-]/g, "_")}"`);
  if (request.method === "HEAD") {
    return reply.send();
  }
  // Longer than a handler may take: it goes on as long as the client reads. One that fails midway lacks its checksum.
  reply.hijack();
  reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  pipeline(Readable.from(pieces, { objectMode: false }), reply.raw, (error) => {
    if (error instanceof Error) {
      context.tellFailure(error, "A capture ended early");
    }
  });
  return reply;
}

/** Endpoints that stay open and send what changes: server-sent events of one cluster, or of all. */
import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { addEndpoint, requireCluster, type ApiContext } from "../api-context.ts";
import { CLUSTER_PARAMS } from "../query.ts";
import { createEventClient, type EventClient } from "../stream/event-client.ts";

const HEADERS = {
  type: "object",
  properties: {
    "last-event-id": {
      type: "string",
      maxLength: 64,
      description: "The id of the last event that came; what was missed since follows, as far as it is kept",
    },
  },
} as const;

const HOW = "First `hello` (HelloEvent), then the findings and incidents missed since Last-Event-ID, then";

export function addStreamRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/stream",
      summary: "What changes over all clusters, as server-sent events",
      description:
        `${HOW} \`clusters\` once (all of them), and from then on \`cluster\` (one line of the list that is new or another ` +
        "one), `incident` (IncidentEvent) and `heartbeat`. The data of each event is one line of JSON.",
      tag: "state",
      role: "viewer",
      headers: HEADERS,
      answer: "StreamEvent",
      produces: "text/event-stream",
    },
    async (request, reply) => openStream(context, { request, reply, cluster: undefined }),
  );
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/stream",
      summary: "What changes in a cluster, as server-sent events",
      description:
        `${HOW} \`state\` (ClusterState), and from then on \`state\` when it changes (at least every 5 s while numbers move), ` +
        "`finding` (FindingEvent), `incident` (IncidentEvent) and `heartbeat`. The data of each event is one line of JSON.",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      headers: HEADERS,
      answer: "StreamEvent",
      produces: "text/event-stream",
    },
    async (request, reply) => {
      const cluster = requireCluster(context, request);
      if (context.source.state(cluster) === undefined) {
        throw new EtcdscopeError(
          "UNAVAILABLE",
          `The cluster "${cluster}" has not been judged yet; ask again`,
        );
      }
      return openStream(context, { request, reply, cluster });
    },
  );
}

interface StreamRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** undefined: all. */
  readonly cluster: string | undefined;
}

function openStream(context: ApiContext, { request, reply, cluster }: StreamRequest): FastifyReply {
  void reply.header("content-type", "text/event-stream; charset=utf-8").header("x-accel-buffering", "no");
  if (request.method === "HEAD") {
    return reply.send();
  }
  const { events } = context;
  const lastEventId = request.headers["last-event-id"];
  const stream: { client?: EventClient } = {};
  const stop = events.listen({
    cluster,
    send: (block, nowMs) => stream.client?.send(block, nowMs) ?? true,
    end: () => stream.client?.end(),
  });
  if (stop === undefined) {
    throw new EtcdscopeError("UNAVAILABLE", "As many streams are open as this collector allows; try later");
  }
  reply.hijack();
  reply.raw.on("close", stop);
  reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
  stream.client = createEventClient(
    reply.raw,
    events.greet(cluster, typeof lastEventId === "string" && lastEventId !== "" ? lastEventId : undefined),
  );
  return reply;
}

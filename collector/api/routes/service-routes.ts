/** Endpoints about the collector itself: alive, ready, metrics. */
import type { FastifyInstance } from "fastify";
import { addEndpoint, type ApiContext } from "../api-context.ts";
import type { CollectorMetrics } from "../collector-metrics.ts";
import { createProblem, sendProblem } from "../problem.ts";

export function addServiceRoutes(app: FastifyInstance, context: ApiContext, metrics: CollectorMetrics): void {
  addEndpoint(
    app,
    { path: "/healthz", summary: "Answers while the process lives", tag: "service" },
    async (_, reply) => reply.type("text/plain; charset=utf-8").send("ok\n"),
  );

  addEndpoint(
    app,
    { path: "/readyz", summary: "Whether frames can be made durable now", tag: "service" },
    async (_, reply) => {
      const { ready, reasons } = context.source.readiness();
      return ready
        ? reply.type("text/plain; charset=utf-8").send("ok\n")
        : sendProblem(reply, createProblem(503, `Not ready: ${reasons.join("; ")}`));
    },
  );

  addEndpoint(
    app,
    {
      path: "/metrics",
      summary: "Metrics of the collector and one verdict gauge a cluster, for Prometheus",
      tag: "service",
      role: "viewer",
      produces: metrics.contentType,
    },
    async (_, reply) => reply.type(metrics.contentType).send(await metrics.render(context.source.clusters())),
  );
}

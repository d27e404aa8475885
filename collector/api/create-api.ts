/** Builds the REST API, ready to listen or to be asked in memory: limits, tokens, headers and errors, then the endpoints. */
import { readFileSync } from "node:fs";
import {
  fastify,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from "fastify";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { CollectorConfig } from "../config.ts";
import type { HistoryDoor } from "../history/history-door.ts";
import { answerClientError } from "./client-error.ts";
import type { IngestCounters } from "../ingest/counters.ts";
import { createCollectorMetrics } from "./collector-metrics.ts";
import { addOpenApi, addOpenApiRoute } from "./open-api.ts";
import { createProblem, describeError, sendProblem } from "./problem.ts";
import { addDiagnosisRoutes } from "./routes/diagnosis-routes.ts";
import { addFindingRoutes } from "./routes/finding-routes.ts";
import { addIncidentRoutes } from "./routes/incident-routes.ts";
import { addSeriesRoutes } from "./routes/series-routes.ts";
import { addServiceRoutes } from "./routes/service-routes.ts";
import { addStateRoutes } from "./routes/state-routes.ts";
import type { IncidentSource } from "./incident-source.ts";
import type { StateSource } from "./state-source.ts";
import { assertAllowed } from "./token-check.ts";

export interface ApiOptions {
  readonly source: StateSource;
  readonly incidents: IncidentSource;
  readonly history: HistoryDoor;
  readonly http: CollectorConfig["http"];
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingestMetrics: IngestCounters;
}

/** No endpoint takes a body; what a client sends all the same is read only so far. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_URL_LENGTH = 8 * 1024;
/** More than MAX_URL_LENGTH, so that a long URL gets its own answer. */
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_CONNECTIONS = 1024;
/** A request that dribbles in is cut off after this: nobody may hold a connection by writing slowly. */
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;
/** How often Node looks for requests that are past their time. */
const TIMEOUT_CHECK_MS = 5_000;
const HANDLER_TIMEOUT_MS = 30_000;

const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

export function createApi(options: ApiOptions): FastifyInstance {
  const app: FastifyInstance = fastify({ ...serverOptions(options.http), ...LIMITS });
  app.server.maxConnections = MAX_CONNECTIONS;
  // The schemas describe answers; a field that one of them forgot must not get lost on the way.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  addGuards(app, options);
  addOpenApi(app);
  void app.register(async (routes) => {
    const { source, incidents, history, clock } = options;
    const context = { source, incidents, history, clock };
    addStateRoutes(routes, context);
    addFindingRoutes(routes, context);
    addDiagnosisRoutes(routes, context);
    addIncidentRoutes(routes, context);
    addSeriesRoutes(routes, context);
    addServiceRoutes(routes, context, createCollectorMetrics(options.ingestMetrics));
    addOpenApiRoute(routes);
  });
  return app;
}

const LIMITS: FastifyServerOptions = {
  logger: false,
  bodyLimit: MAX_BODY_BYTES,
  connectionTimeout: IDLE_TIMEOUT_MS,
  keepAliveTimeout: IDLE_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  handlerTimeout: HANDLER_TIMEOUT_MS,
  forceCloseConnections: true,
  routerOptions: { maxParamLength: 256 },
  ajv: {
    customOptions: {
      removeAdditional: false,
      coerceTypes: true,
      useDefaults: true,
      validateFormats: false,
      allErrors: false,
    },
  },
  frameworkErrors: (error, _request, reply) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      void reply.header(name, value);
    }
    void sendProblem(reply, describeError(error, []));
  },
  clientErrorHandler: answerClientError,
};

function serverOptions(http: CollectorConfig["http"]): object {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  };
  if (http.tls === undefined) {
    return { http: limits };
  }
  const { ca, cert, key } = http.tls;
  const chain = ca === undefined ? {} : { ca: readFileSync(ca) };
  return {
    https: { ...limits, ...chain, cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.2" },
  };
}

/** What happens to every request before its endpoint, and when something goes wrong. */
function addGuards(app: FastifyInstance, options: ApiOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    assertWithinLimits(request);
    if (request.is404) {
      return sendMissing(app, request, reply);
    }
    const { role } = request.routeOptions.config;
    if (role !== undefined) {
      assertAllowed(options.http.tokens, request.headers.authorization, role);
    }
    return undefined;
  });

  app.setErrorHandler(async (error, request, reply) => {
    const known = Object.keys(
      (request.routeOptions.schema?.querystring as { properties?: object } | undefined)?.properties ?? {},
    );
    const problem = isTooLong(error)
      ? createProblem(error.reason === "url" ? 414 : 413, error.message)
      : describeError(error, known);
    // What a retry can mend is told to the asker; only our own faults need a hand.
    if (problem.status === 500) {
      options.log.error({ error, route: request.routeOptions.url }, "A request failed");
    }
    return sendProblem(reply, problem);
  });

  // Answered by the first hook, before a body is read.
  app.setNotFoundHandler(async (request, reply) => sendMissing(app, request, reply));
}

function sendMissing(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?")[0] ?? "";
  // Every endpoint answers GET and HEAD; a path that does so exists.
  const exists = app.findRoute({ method: "GET", url: path }) !== null;
  if (request.method !== "GET" && request.method !== "HEAD" && exists) {
    void reply.header("allow", "GET, HEAD");
    return sendProblem(
      reply,
      createProblem(405, `${request.method} is not allowed here; only GET and HEAD are`),
    );
  }
  return sendProblem(reply, createProblem(404, `No endpoint at ${path.slice(0, 256)}; see /openapi.json`));
}

function assertWithinLimits(request: FastifyRequest): void {
  if (request.url.length > MAX_URL_LENGTH) {
    const message = `Expected a URL of at most ${MAX_URL_LENGTH} characters, got ${request.url.length}`;
    throw new EtcdscopeError("LIMIT_EXCEEDED", message, { reason: "url" });
  }
  const length = Number(request.headers["content-length"] ?? 0);
  if (length > MAX_BODY_BYTES) {
    const message = `Expected a body of at most ${MAX_BODY_BYTES} bytes, got ${length}`;
    throw new EtcdscopeError("LIMIT_EXCEEDED", message, { reason: "body" });
  }
}

function isTooLong(error: unknown): error is EtcdscopeError {
  return error instanceof EtcdscopeError && (error.reason === "url" || error.reason === "body");
}

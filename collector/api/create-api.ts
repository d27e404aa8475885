/** Builds the REST API, ready to listen or to be asked in memory: limits, tokens, headers and errors, then the endpoints. */
import type { Server as HttpsServer } from "node:https";
import type { Server as NetServer } from "node:net";
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
import { clientOf, createConnectionPlaces } from "../connection-places.ts";
import type { HistoryDoor } from "../history/history-door.ts";
import type { ApiContext } from "./api-context.ts";
import { answerClientError } from "./client-error.ts";
import { createFailureGate } from "./failure-gate.ts";
import { assertNotForeignPage } from "./foreign-page.ts";
import type { IngestCounters } from "../ingest/counters.ts";
import { createCollectorMetrics, type OutputMetrics } from "./collector-metrics.ts";
import { addOpenApi, addOpenApiRoute } from "./open-api.ts";
import { addCompression } from "./compress.ts";
import { addRevalidation } from "./revalidate.ts";
import { readMaterial, reloadCertificate, toContext, type HttpTlsMaterial } from "./reload-certificate.ts";
import { createProblem, describeError, sendProblem } from "./problem.ts";
import { addCaptureRoutes } from "./routes/capture-routes.ts";
import { addConsoleRoutes } from "./routes/console-routes.ts";
import { addDiagnosisRoutes } from "./routes/diagnosis-routes.ts";
import { addFindingRoutes } from "./routes/finding-routes.ts";
import { addIncidentRoutes } from "./routes/incident-routes.ts";
import { addSeriesRoutes } from "./routes/series-routes.ts";
import { addServiceRoutes } from "./routes/service-routes.ts";
import { addStreamRoutes } from "./routes/stream-routes.ts";
import { addStateRoutes } from "./routes/state-routes.ts";
import type { IncidentSource } from "./incident-source.ts";
import type { StateSource } from "./state-source.ts";
import { MAX_LISTENERS, type EventHub } from "./stream/event-hub.ts";
import { assertAllowed, type Role } from "./token-check.ts";

export interface ApiOptions {
  readonly source: StateSource;
  readonly incidents: IncidentSource;
  readonly history: HistoryDoor;
  readonly events: EventHub;
  readonly http: CollectorConfig["http"];
  readonly clock: Clock;
  readonly log: Logger;
  readonly ingestMetrics: IngestCounters;
  readonly outputMetrics: OutputMetrics;
  /** Where the built console is, when it has been built. */
  readonly consoleFolder: string;
}

/** No endpoint reads a body; what a client sends all the same is read only so far. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_URL_LENGTH = 8 * 1024;
/** More than MAX_URL_LENGTH, so that a long URL gets its own answer. */
const MAX_HEADER_BYTES = 32 * 1024;
/** Over the event streams, which stay open. */
const MAX_CONNECTIONS = MAX_LISTENERS + 1024;
/** So that one client leaves room for others. Behind a reverse proxy all have its address. */
const MAX_CONNECTIONS_OF_ADDRESS = (MAX_CONNECTIONS * 3) / 4;
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
  const tls = options.http.tls && readMaterial(options.http.tls);
  const app: FastifyInstance = fastify({ ...serverOptions(tls), ...LIMITS });
  app.server.maxConnections = MAX_CONNECTIONS;
  const refusedConnections = limitEachAddress(app.server);
  // The schemas describe answers; a field that one of them forgot must not get lost on the way.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  addGuards(app, options);
  addRevalidation(app);
  addCompression(app);
  addOpenApi(app);
  void app.register(async (routes) => {
    const { source, incidents, history, events, clock } = options;
    const context: ApiContext = {
      source,
      incidents,
      history,
      events,
      clock,
      tellFailure: (error, sentence) => options.log.warn({ error }, sentence),
    };
    addStateRoutes(routes, context);
    addFindingRoutes(routes, context);
    addDiagnosisRoutes(routes, context);
    addIncidentRoutes(routes, context);
    addSeriesRoutes(routes, context);
    addStreamRoutes(routes, context);
    addCaptureRoutes(routes, context);
    addServiceRoutes(routes, context, createCollectorMetrics({ ...options, refusedConnections }));
    addConsoleRoutes(routes, options.consoleFolder);
    addOpenApiRoute(routes);
  });
  app.addHook("preClose", async () => options.events.close());
  keepCertificateFresh(app, options, tls);
  return app;
}

function keepCertificateFresh(
  app: FastifyInstance,
  { http, clock, log }: ApiOptions,
  inForce: HttpTlsMaterial | undefined,
): void {
  if (http.tls !== undefined && inForce !== undefined) {
    const server = app.server as HttpsServer;
    const stop = reloadCertificate({ server, tls: http.tls, inForce, clock, log });
    app.addHook("preClose", async () => stop());
  }
}

/** Returns how many connections were refused so far. */
function limitEachAddress(server: NetServer): () => number {
  let refused = 0;
  const places = createConnectionPlaces(MAX_CONNECTIONS_OF_ADDRESS);
  server.on("connection", (socket) => {
    const client = clientOf(socket.remoteAddress ?? "");
    if (places.take(client)) {
      socket.once("close", () => places.leave(client));
    } else {
      refused += 1;
      socket.destroy();
    }
  });
  server.on("drop", () => {
    refused += 1;
  });
  return () => refused;
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

function serverOptions(tls: HttpTlsMaterial | undefined): object {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  };
  return tls === undefined
    ? { http: limits }
    : { https: { ...limits, ...toContext(tls), handshakeTimeout: REQUEST_TIMEOUT_MS } };
}

/** What happens to every request before its endpoint, and when something goes wrong. */
function addGuards(app: FastifyInstance, options: ApiOptions): void {
  const { tokens } = options.http;
  const failures = createFailureGate();

  /** Who may not is told so, and slowed down; what only an admin may do is written down, whether it was allowed or not. */
  function authorize(request: FastifyRequest, role: Role): void {
    const nowMs = options.clock.nowMs();
    const call = { audit: true, route: request.routeOptions.url, remote: request.ip };
    try {
      failures.assertMayTry(clientOf(request.ip), nowMs);
      const token = assertAllowed(tokens, request.headers.authorization, role);
      if (role === "admin") {
        options.log.info({ ...call, token: token ?? "none needed" }, "A call of an admin was allowed.");
      }
    } catch (error) {
      const { code, message } = EtcdscopeError.from(error);
      if (code === "UNAUTHENTICATED") {
        failures.failed(clientOf(request.ip), nowMs);
      }
      if (role === "admin") {
        options.log.warn({ ...call, because: message }, "A call of an admin was refused.");
      }
      throw error;
    }
  }

  app.addHook("onRequest", async (request, reply) => {
    void reply.headers(SECURITY_HEADERS);
    assertWithinLimits(request);
    if (request.is404) {
      return sendMissing(app, request, reply);
    }
    const { role } = request.routeOptions.config;
    if (role !== undefined) {
      assertNotForeignPage({
        method: request.method,
        headers: request.headers,
        isOpen: options.http.tokens.length === 0,
      });
      authorize(request, role);
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
  const allowed = (["GET", "HEAD", "POST"] as const).filter(
    (method) => app.findRoute({ method, url: path }) !== null,
  );
  if (allowed.length > 0) {
    void reply.header("allow", allowed.join(", "));
    return sendProblem(
      reply,
      createProblem(
        405,
        `${request.method} is not allowed here; only ${allowed.join(" and ")} ${allowed.length > 1 ? "are" : "is"}`,
      ),
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

/** What every endpoint is handed, and how one is declared. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { HistoryDoor } from "../history/history-door.ts";
import type { IncidentSource } from "./incident-source.ts";
import { badRequest } from "./problem.ts";
import type { StateSource } from "./state-source.ts";
import type { EventHub } from "./stream/event-hub.ts";
import type { Role } from "./token-check.ts";

export interface ApiContext {
  readonly source: StateSource;
  readonly incidents: IncidentSource;
  readonly history: HistoryDoor;
  readonly events: EventHub;
  readonly clock: Clock;
  /** For what goes wrong when an answer has begun and nobody can be told. */
  tellFailure(error: unknown, sentence: string): void;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may ask; absent: anybody. */
    readonly role?: Role;
  }
}

export interface Endpoint {
  /** GET when absent. What POST does is done once for each call, and never to etcd's data. */
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: "state" | "history" | "service";
  /** Absent: anybody may ask. */
  readonly role?: Role;
  readonly params?: object;
  readonly query?: object;
  /** Whether its answers carry an ETag: often the same, or large. */
  readonly hasTag?: boolean;
  readonly headers?: object;
  /** Id of the schema of the answer; absent: text. */
  readonly answer?: string;
  /** Media type of the answer; absent: JSON where it has a schema, else plain text. */
  readonly produces?: string;
}

const NOT_MODIFIED = { description: "The same as what If-None-Match names", type: "null" } as const;

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Declares one endpoint. HEAD comes with GET. */
export function addEndpoint(app: FastifyInstance, endpoint: Endpoint, handler: Handler): void {
  const problem = { $ref: "Problem#" };
  const answer =
    endpoint.answer === undefined
      ? { content: { [endpoint.produces ?? "text/plain"]: { schema: { type: "string" } } } }
      : {
          content: {
            [endpoint.produces ?? "application/json"]: { schema: { $ref: `${endpoint.answer}#` } },
          },
        };
  const problems = ["400", "401", "403", "404", "405", "413", "414", "503"].map((status) => [
    status,
    { description: "problem+json", content: { "application/problem+json": { schema: problem } } },
  ]);
  app.route({
    method: endpoint.method ?? "GET",
    url: endpoint.path,
    config: {
      ...(endpoint.role === undefined ? {} : { role: endpoint.role }),
      hasTag: endpoint.hasTag === true,
    },
    preValidation: async (request) => assertIntegers(request, endpoint.query),
    schema: {
      summary: endpoint.summary,
      ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
      tags: [endpoint.tag],
      security: endpoint.role === undefined ? [] : [{ token: [] }],
      ...(endpoint.params === undefined ? {} : { params: endpoint.params }),
      ...(endpoint.headers === undefined ? {} : { headers: endpoint.headers }),
      querystring: endpoint.query ?? { type: "object", additionalProperties: false, properties: {} },
      response: {
        200: { description: endpoint.summary, ...answer },
        ...(endpoint.hasTag === true ? { 304: NOT_MODIFIED } : {}),
        ...Object.fromEntries(problems),
      },
    },
    handler,
  });
}

/** The check of the schema would take "0x10" and "1e1" for numbers. */
function assertIntegers(request: FastifyRequest, query: object | undefined): void {
  const { properties = {} } = (query ?? {}) as { readonly properties?: Readonly<Record<string, object>> };
  const asked = request.query as Readonly<Record<string, unknown>>;
  for (const [name, schema] of Object.entries(properties)) {
    const value = asked[name];
    if ("type" in schema && schema.type === "integer" && value !== undefined && !isInteger(value)) {
      throw badRequest(name, "must be integer");
    }
  }
}

function isInteger(value: unknown): boolean {
  return typeof value === "string" && /^-?\d{1,15}$/.test(value);
}

/** The cluster of the path; NOT_FOUND names the ones there are. */
export function requireCluster(context: ApiContext, request: FastifyRequest): string {
  const { cluster } = request.params as { readonly cluster: string };
  if (!context.source.hasCluster(cluster)) {
    const known = context.source.clusters().map(({ name }) => name);
    throw notFound("cluster", cluster, known);
  }
  return cluster;
}

/** "No such …" with what there is, as far as it fits a sentence. */
export function notFound(field: string, asked: string, known: readonly string[]): EtcdscopeError {
  const shown = known.slice(0, 20).join(", ");
  const more = known.length > 20 ? ` and ${known.length - 20} more` : "";
  const list = known.length === 0 ? "there is none yet" : `known: ${shown}${more}`;
  return new EtcdscopeError("NOT_FOUND", `No ${field} "${asked.slice(0, 128)}"; ${list}`, { field });
}

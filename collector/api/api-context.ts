/** What every endpoint is handed, and how one is declared. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { HistoryDoor } from "../history/history-door.ts";
import type { IncidentSource } from "./incident-source.ts";
import type { StateSource } from "./state-source.ts";
import type { Role } from "./token-check.ts";

export interface ApiContext {
  readonly source: StateSource;
  readonly incidents: IncidentSource;
  readonly history: HistoryDoor;
  readonly clock: Clock;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may ask; absent: anybody. */
    readonly role?: Role;
  }
}

export interface Endpoint {
  readonly path: string;
  readonly summary: string;
  readonly tag: "state" | "history" | "service";
  /** Absent: anybody may ask. */
  readonly role?: Role;
  readonly params?: object;
  readonly query?: object;
  /** Id of the schema of the answer; absent: text. */
  readonly answer?: string;
  /** Media type of an answer that is text. */
  readonly produces?: string;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Declares one GET endpoint. HEAD comes with it. */
export function addEndpoint(app: FastifyInstance, endpoint: Endpoint, handler: Handler): void {
  const problem = { $ref: "Problem#" };
  const answer =
    endpoint.answer === undefined
      ? { content: { [endpoint.produces ?? "text/plain"]: { schema: { type: "string" } } } }
      : { content: { "application/json": { schema: { $ref: `${endpoint.answer}#` } } } };
  const problems = ["400", "401", "403", "404", "405", "413", "414", "503"].map((status) => [
    status,
    { description: "problem+json", content: { "application/problem+json": { schema: problem } } },
  ]);
  app.get(
    endpoint.path,
    {
      config: endpoint.role === undefined ? {} : { role: endpoint.role },
      schema: {
        summary: endpoint.summary,
        tags: [endpoint.tag],
        security: endpoint.role === undefined ? [] : [{ token: [] }],
        ...(endpoint.params === undefined ? {} : { params: endpoint.params }),
        querystring: endpoint.query ?? { type: "object", additionalProperties: false, properties: {} },
        response: { 200: { description: endpoint.summary, ...answer }, ...Object.fromEntries(problems) },
      },
    },
    handler,
  );
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

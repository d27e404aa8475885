/** The description of the API, made from the schemas that the endpoints themselves are checked with. */
import fastifySwagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { DOCS_POLICY, renderDocs, type ApiDescription } from "./docs-page.ts";
import { PROBLEM_SCHEMA } from "./schemas/shapes.ts";
import { FINDING_LIST_SCHEMA, FINDING_SCHEMA } from "./schemas/finding.ts";
import {
  BACKUPS_SCHEMA,
  CERTIFICATES_SCHEMA,
  CONNECTIVITY_SCHEMA,
  DATA_COMPARISON_SCHEMA,
  FLAGS_SCHEMA,
  SERIES_LIST_SCHEMA,
  SERIES_SCHEMA,
  TRENDS_SCHEMA,
} from "./schemas/observation.ts";
import { DIAGNOSIS_SCHEMA, RUNBOOK_SCHEMA } from "./schemas/runbook.ts";
import { INCIDENT_SCHEMAS } from "./schemas/incident.ts";
import { CLUSTER_LIST_SCHEMA, CLUSTER_STATE_SCHEMA, CLUSTER_SUMMARY_SCHEMA } from "./schemas/state.ts";
import { STREAM_SCHEMAS } from "./schemas/stream.ts";

export const API_SCHEMAS = [
  PROBLEM_SCHEMA,
  FINDING_SCHEMA,
  FINDING_LIST_SCHEMA,
  CLUSTER_SUMMARY_SCHEMA,
  CLUSTER_LIST_SCHEMA,
  CLUSTER_STATE_SCHEMA,
  CONNECTIVITY_SCHEMA,
  BACKUPS_SCHEMA,
  CERTIFICATES_SCHEMA,
  FLAGS_SCHEMA,
  DATA_COMPARISON_SCHEMA,
  SERIES_LIST_SCHEMA,
  SERIES_SCHEMA,
  TRENDS_SCHEMA,
  DIAGNOSIS_SCHEMA,
  RUNBOOK_SCHEMA,
  ...INCIDENT_SCHEMAS,
  ...STREAM_SCHEMAS,
] as const;

/** Must come before the endpoints: the plugin listens to their registration. */
export function addOpenApi(app: FastifyInstance): void {
  for (const schema of API_SCHEMAS) {
    app.addSchema(schema);
  }
  void app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "etcdscope collector",
        version: ETCDSCOPE_VERSION,
        description:
          "What is wrong with an etcd cluster, why, on which node. Times are RFC 3339 UTC with milliseconds; texts " +
          "for people come in English and Chinese; lists page with limit and cursor; errors are RFC 9457 problem+json.",
      },
      tags: [
        { name: "state", description: "Clusters, now and at an earlier time" },
        { name: "history", description: "Recorded values" },
        { name: "service", description: "The collector itself" },
      ],
      components: {
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "Needed where the collector has tokens" },
        },
      },
    },
    refResolver: {
      buildLocalReference: nameOfSchema,
    },
  });
}

/** Schemas keep their own names in the description. */
function nameOfSchema(schema: Readonly<Record<string, unknown>>): string {
  return typeof schema["$id"] === "string" ? schema["$id"] : "Unnamed";
}

/** Serves the description, for programs and for people; anybody may read it. */
export function addOpenApiRoute(app: FastifyInstance): void {
  const options = { schema: { hide: true }, config: { hasTag: true } };
  app.get("/openapi.json", options, async () => app.swagger());
  let page: string | undefined;
  app.get("/docs", options, async (_, reply) => {
    page ??= renderDocs(app.swagger() as unknown as ApiDescription);
    return reply
      .header("content-security-policy", DOCS_POLICY)
      .type("text/html; charset=utf-8")
      .serializer(String)
      .send(page);
  });
}

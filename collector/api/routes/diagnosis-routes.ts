/** The decision tree of a cluster, and the runbook of a finding rendered for it. */
import type { FastifyInstance } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { Language } from "../../../shared/text.ts";
import { addEndpoint, requireCluster, type ApiContext } from "../api-context.ts";
import { AT_PARAMETER, CLUSTER_PARAMS, querySchema, readAt, type AtQuery } from "../query.ts";

interface RunbookQuery {
  readonly member?: string;
  readonly lang?: Language;
}

export function addDiagnosisRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/diagnosis",
      summary:
        "The decision tree: layers, checks, ok, bad or unknown, with evidence; now or at an earlier time",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema(AT_PARAMETER),
      answer: "Diagnosis",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const atMs = readAt(request.query as AtQuery, context.clock.nowMs());
      const diagnosis = await context.source.diagnosis(cluster, atMs);
      if (diagnosis === undefined) {
        throw atMs === undefined
          ? new EtcdscopeError("UNAVAILABLE", `The cluster "${cluster}" has not been judged yet; ask again`)
          : new EtcdscopeError(
              "NOT_FOUND",
              `The history holds nothing of "${cluster}" at ${formatTimestamp(atMs)}`,
              { field: "at" },
            );
      }
      return diagnosis;
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/runbooks/:code",
      summary:
        "The steps for a finding's code, with this cluster's names, addresses and files; never run by us",
      tag: "state",
      role: "viewer",
      params: {
        type: "object",
        properties: {
          ...CLUSTER_PARAMS.properties,
          code: { type: "string", description: "A finding's code, or its runbook: DISK_FULL, disk-full" },
        },
        required: ["cluster", "code"],
      },
      query: querySchema({
        member: {
          type: "string",
          minLength: 1,
          maxLength: 256,
          description: "The member it is for; left out: the one that the finding is about",
        },
        lang: { type: "string", enum: ["en", "zh"], description: "Texts in this language alone" },
      }),
      answer: "Runbook",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { code } = request.params as { readonly code: string };
      const { member, lang } = request.query as RunbookQuery;
      const runbook = context.source.runbook(cluster, { code, member });
      return lang === undefined ? runbook : inLanguage(runbook, lang);
    },
  );
}

/** Every text in the document as that language's string. */
function inLanguage(value: unknown, language: Language): unknown {
  if (Array.isArray(value)) {
    return value.map((entry) => inLanguage(entry, language));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const keys = Object.keys(value);
  return keys.length === 2 && "en" in value && "zh" in value
    ? (value as Readonly<Record<Language, unknown>>)[language]
    : Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inLanguage(entry, language)]));
}

/** Endpoints of the present, and of the same at an earlier time: clusters, their links and certificates. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { EtcdscopeError } from "../../../shared/errors.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { ClusterState, Verdict } from "../../../shared/rest.ts";
import { addEndpoint, requireCluster, type ApiContext } from "../api-context.ts";
import { takePage } from "../paging.ts";
import {
  AT_PARAMETER,
  CLUSTER_PARAMS,
  PAGE_PARAMETERS,
  querySchema,
  readAt,
  type AtQuery,
  type PageQuery,
} from "../query.ts";

/** Worst first. */
const VERDICTS: readonly Verdict[] = [
  "quorum-lost",
  "no-leader",
  "at-risk",
  "unknown",
  "degraded",
  "healthy",
];

export function addStateRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters",
      summary: "Every cluster with its verdict, worst first",
      tag: "state",
      role: "viewer",
      query: querySchema(PAGE_PARAMETERS),
      answer: "ClusterList",
      hasTag: true,
    },
    async (request) => {
      const { limit, cursor } = request.query as PageQuery;
      const page = takePage(context.source.clusters(), {
        keyOf: (cluster) => `${VERDICTS.indexOf(cluster.verdict)} ${cluster.name}`,
        limit,
        cursor,
      });
      return { clusters: page.entries, nextCursor: page.nextCursor };
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster",
      summary: "The whole state of a cluster, now or at an earlier time",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema(AT_PARAMETER),
      answer: "ClusterState",
      hasTag: true,
    },
    async (request) => readState(context, request),
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/connectivity",
      summary: "Who reaches whom: one entry a direction and port",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...AT_PARAMETER, ...PAGE_PARAMETERS }),
      answer: "Connectivity",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { limit, cursor, at } = request.query as PageQuery & AtQuery;
      const nowMs = context.clock.nowMs();
      const atMs = readAt(at === undefined ? {} : { at }, nowMs);
      const links = await context.source.connectivity(cluster, atMs);
      const page = takePage(links, {
        keyOf: (link) => [link.from, link.to, link.port].join("\0"),
        limit,
        cursor,
      });
      return {
        cluster,
        at: formatTimestamp(atMs ?? nowMs),
        links: page.entries,
        nextCursor: page.nextCursor,
      };
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/certificates",
      summary: "The certificates that the members' flags name",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...AT_PARAMETER, ...PAGE_PARAMETERS }),
      answer: "Certificates",
    },
    async (request) => {
      const cluster = requireCluster(context, request);
      const { limit, cursor, at } = request.query as PageQuery & AtQuery;
      const nowMs = context.clock.nowMs();
      const atMs = readAt(at === undefined ? {} : { at }, nowMs);
      const certificates = await context.source.certificates(cluster, atMs);
      const page = takePage(certificates, {
        keyOf: (certificate) => [certificate.node, certificate.role, certificate.path].join("\0"),
        limit,
        cursor,
      });
      return {
        cluster,
        at: formatTimestamp(atMs ?? nowMs),
        certificates: page.entries,
        nextCursor: page.nextCursor,
      };
    },
  );

  addConfigurationRoutes(app, context);
  addRequests(app, context);
}

/** What a planner looks at: backups and flags. */
function addConfigurationRoutes(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/backups",
      summary: "What each watched directory of backups holds, and which snapshots would restore",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...AT_PARAMETER, ...PAGE_PARAMETERS }),
      answer: "Backups",
    },
    async (request) => {
      const { cluster, at, atMs, limit, cursor } = readPageAt(context, request);
      const page = takePage(await context.source.backups(cluster, atMs), {
        keyOf: ({ node, directory }) => [node, directory].join("\0"),
        limit,
        cursor,
      });
      return { cluster, at, directories: page.entries, nextCursor: page.nextCursor };
    },
  );

  addEndpoint(
    app,
    {
      path: "/api/v1/clusters/:cluster/config",
      summary: "etcd's flags side by side: what each member runs with, given or by default, and what differs",
      tag: "state",
      role: "viewer",
      params: CLUSTER_PARAMS,
      query: querySchema({ ...AT_PARAMETER, ...PAGE_PARAMETERS }),
      answer: "Flags",
    },
    async (request) => {
      const { cluster, at, atMs, limit, cursor } = readPageAt(context, request);
      const page = takePage(await context.source.flags(cluster, atMs), {
        keyOf: ({ flag }) => flag,
        limit,
        cursor,
      });
      return { cluster, at, flags: page.entries, nextCursor: page.nextCursor };
    },
  );
}

interface PageAt {
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly cluster: string;
  /** The time that the answer is of. */
  readonly at: string;
  readonly atMs: number | undefined;
}

function readPageAt(context: ApiContext, request: FastifyRequest): PageAt {
  const cluster = requireCluster(context, request);
  const { limit, cursor, at } = request.query as PageQuery & AtQuery;
  const nowMs = context.clock.nowMs();
  const atMs = readAt(at === undefined ? {} : { at }, nowMs);
  return { cluster, at: formatTimestamp(atMs ?? nowMs), atMs, limit, cursor };
}

/** Asks the agents for something; each call once. */
function addRequests(app: FastifyInstance, context: ApiContext): void {
  addEndpoint(
    app,
    {
      method: "POST",
      path: "/api/v1/clusters/:cluster/compare-data",
      summary: "Has one agent compare what all members store: each member reads its whole database once",
      tag: "state",
      role: "admin",
      params: CLUSTER_PARAMS,
      answer: "DataComparison",
    },
    async (request) => Promise.resolve(context.source.compareData(requireCluster(context, request))),
  );
}

async function readState(context: ApiContext, request: FastifyRequest): Promise<ClusterState> {
  const cluster = requireCluster(context, request);
  const atMs = readAt(request.query as AtQuery, context.clock.nowMs());
  if (atMs === undefined) {
    const state = context.source.state(cluster);
    if (state === undefined) {
      throw new EtcdscopeError("UNAVAILABLE", `The cluster "${cluster}" has not been judged yet; ask again`);
    }
    return state;
  }
  const past = await context.source.stateAt(cluster, atMs);
  if (past === undefined) {
    const message = `The history holds nothing of "${cluster}" at ${formatTimestamp(atMs)}`;
    throw new EtcdscopeError("NOT_FOUND", message, { field: "at" });
  }
  return past;
}

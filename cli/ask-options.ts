/** What every command that asks a collector is told on its command line or by the environment. */
import { readFileSync } from "node:fs";
import { EtcdscopeError } from "../shared/errors.ts";
import { parseDurationMs } from "../shared/config/parse-duration.ts";
import { formatTimestamp, parseTimestampMs } from "../shared/parse-timestamp.ts";
import type { ClusterSummary } from "../shared/rest.ts";
import type { CollectorClient, CollectorPlace } from "./collector-client.ts";

export const DEFAULT_COLLECTOR = "http://127.0.0.1:8080";

export interface AskOptions {
  readonly collector?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
}

/** The option goes before the environment, the environment before the default. */
export function resolvePlace(options: AskOptions, environment: NodeJS.ProcessEnv): CollectorPlace {
  const written = options.collector ?? (environment["ETCDSCOPE_COLLECTOR"] || DEFAULT_COLLECTOR);
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid("--collector", `a URL such as https://collector:8080, got "${written}"`);
  }
  const token =
    options.tokenFile === undefined
      ? environment["ETCDSCOPE_TOKEN"]?.trim()
      : readOptionFile("--token-file", options.tokenFile).trim();
  if (token !== undefined && !/^[\x21-\x7e]*$/.test(token)) {
    throw invalid(
      options.tokenFile === undefined ? "ETCDSCOPE_TOKEN" : "--token-file",
      "one line of printable ASCII without spaces",
    );
  }
  return {
    url,
    token: token === "" ? undefined : token,
    ca: options.ca === undefined ? undefined : readOptionFile("--ca", options.ca),
  };
}

/** The cluster named, or the only one there is. */
export async function resolveCluster(client: CollectorClient, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    return named;
  }
  const clusters = await listClusters(client);
  const [only] = clusters;
  if (only === undefined) {
    throw new EtcdscopeError("NOT_FOUND", "The collector knows no cluster yet: no agent has reached it");
  }
  if (clusters.length > 1) {
    const names = clusters.map(({ name }) => name).join(", ");
    throw invalid("--cluster", `one of ${names}`);
  }
  return only.name;
}

export async function listClusters(client: CollectorClient): Promise<readonly ClusterSummary[]> {
  return getAll<ClusterSummary>(client, "/api/v1/clusters", { key: "clusters", query: {} });
}

interface ListRequest {
  /** Field of the answer that holds the list. */
  readonly key: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

/** A list that never ends is a fault, not a list. */
const MAX_PAGES = 20;

/** Every entry of a list that comes in pages. */
export async function getAll<T>(
  client: CollectorClient,
  path: string,
  request: ListRequest,
): Promise<readonly T[]> {
  const entries: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { ...request.query, limit: "1000", cursor };
    const answer: Readonly<Record<string, unknown>> = await client.get(path, query);
    entries.push(...((answer[request.key] ?? []) as readonly T[]));
    cursor = typeof answer["nextCursor"] === "string" ? answer["nextCursor"] : undefined;
    if (cursor === undefined) {
      return entries;
    }
  }
  return entries;
}

/** RFC 3339, "now", or how long ago ("2h") → RFC 3339 UTC. */
export function resolveTime(option: string, written: string, nowMs: number): string {
  if (written === "now") {
    return formatTimestamp(nowMs);
  }
  const agoMs = parseDurationMs(written);
  const atMs = agoMs === undefined ? parseTimestampMs(written) : nowMs - agoMs;
  if (atMs === undefined || atMs < 0) {
    throw invalid(
      option,
      `a time such as 2026-11-22T03:12:09Z, or how long ago such as 2h, got "${written}"`,
    );
  }
  return formatTimestamp(atMs);
}

function readOptionFile(option: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (caught) {
    const code = (caught as NodeJS.ErrnoException).code ?? String(caught);
    throw invalid(option, `a file that can be read (${code}): ${file}`);
  }
}

function invalid(option: string, expectation: string): EtcdscopeError {
  return new EtcdscopeError("ARGUMENT_INVALID", `${option}: expected ${expectation}`, { field: option });
}

/** `etcdscope status`: the picture at 03:00. Exit code 0 healthy, 1 not, 3 when nobody can tell. */
import type { ClusterState, Verdict } from "../shared/rest.ts";
import { listClusters } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";
import { renderHeadline, renderReasons, renderStatus } from "./view/render-status.ts";

export interface StatusRequest {
  readonly cluster: string | undefined;
  /** RFC 3339; undefined: now. */
  readonly at: string | undefined;
  readonly json: boolean;
}

/** Of many clusters, the reasons of the worst ones are told; the rest get their headline. */
const MAX_EXPLAINED = 10;

export async function runStatus(
  client: CollectorClient,
  request: StatusRequest,
  terminal: Terminal,
): Promise<number> {
  if (request.cluster !== undefined) {
    return showOne(client, request, { terminal, cluster: request.cluster });
  }
  const clusters = await listClusters(client);
  const [only] = clusters;
  if (request.json) {
    terminal.write(`${JSON.stringify({ clusters }, null, 2)}\n`);
    return worst(clusters.map(({ verdict }) => verdict));
  }
  if (only === undefined) {
    terminal.write("The collector knows no cluster yet: no agent has reached it\n");
    return 3;
  }
  if (clusters.length === 1) {
    return showOne(client, request, { terminal, cluster: only.name });
  }
  let explained = 0;
  for (const cluster of clusters) {
    terminal.write(renderHeadline(cluster.name, cluster.verdict, { headline: cluster.headline, terminal }));
    if (cluster.verdict !== "healthy" && explained < MAX_EXPLAINED) {
      explained += 1;
      terminal.write(renderReasons(await readState(client, cluster.name, request.at), terminal));
    }
  }
  return worst(clusters.map(({ verdict }) => verdict));
}

async function showOne(
  client: CollectorClient,
  request: StatusRequest,
  where: { readonly terminal: Terminal; readonly cluster: string },
): Promise<number> {
  const state = await readState(client, where.cluster, request.at);
  where.terminal.write(
    request.json ? `${JSON.stringify(state, null, 2)}\n` : renderStatus(state, where.terminal),
  );
  return worst([state.verdict]);
}

function readState(client: CollectorClient, cluster: string, at: string | undefined): Promise<ClusterState> {
  return client.get<ClusterState>(`/api/v1/clusters/${encodeURIComponent(cluster)}`, { at });
}

/** Bad news outweighs missing news. */
function worst(verdicts: readonly Verdict[]): number {
  if (verdicts.some((verdict) => verdict !== "healthy" && verdict !== "unknown")) {
    return 1;
  }
  return verdicts.length === 0 || verdicts.includes("unknown") ? 3 : 0;
}

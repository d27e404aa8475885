/** `etcdscope runbook CODE`: the steps for a finding, for this cluster as it is now. Exit code 0: it only tells. */
import type { Runbook } from "../shared/rest.ts";
import { resolveCluster } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";
import { renderRunbook } from "./view/render-runbook.ts";

export interface RunbookRequest {
  readonly code: string;
  readonly member: string | undefined;
  readonly cluster: string | undefined;
  readonly json: boolean;
}

export async function runRunbook(
  client: CollectorClient,
  request: RunbookRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/runbooks/${encodeURIComponent(request.code)}`;
  const runbook = await client.get<Runbook>(path, { member: request.member });
  terminal.write(request.json ? `${JSON.stringify(runbook, null, 2)}\n` : renderRunbook(runbook, terminal));
  return 0;
}

/** `etcdscope findings`: those of now, or those of a span, with their evidence. */
import type { Clock } from "../shared/clock.ts";
import { EtcdscopeError } from "../shared/errors.ts";
import type { Finding } from "../shared/rest.ts";
import { getAll, resolveCluster, resolveTime } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";
import { renderFindings } from "./view/render-findings.ts";

export interface FindingsRequest {
  readonly cluster: string | undefined;
  readonly active: boolean;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly json: boolean;
  readonly clock: Clock;
}

export async function runFindings(
  client: CollectorClient,
  request: FindingsRequest,
  terminal: Terminal,
): Promise<number> {
  const { clock, from, to } = request;
  if (to !== undefined && from === undefined) {
    throw new EtcdscopeError("ARGUMENT_INVALID", "--to: expected --from with it", { field: "--to" });
  }
  const query = {
    // Without a span the question is what is wrong now.
    active: request.active || from === undefined ? "true" : undefined,
    from: from === undefined ? undefined : resolveTime("--from", from, clock.nowMs()),
    to: to === undefined ? undefined : resolveTime("--to", to, clock.nowMs()),
  };
  const cluster = await resolveCluster(client, request.cluster);
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/findings`;
  const findings = await getAll<Finding>(client, path, { key: "findings", query });
  terminal.write(
    request.json
      ? `${JSON.stringify({ cluster, findings }, null, 2)}\n`
      : renderFindings({ cluster, findings, nowMs: clock.nowMs() }, terminal),
  );
  return 0;
}

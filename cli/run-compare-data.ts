/** `etcdscope compare-data`: has the members' data compared once. Exit code 0 when it was asked for; 1 when that cannot be afforded now. */
import type { DataComparison } from "../shared/rest.ts";
import { resolveCluster } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";

export interface CompareDataRequest {
  readonly cluster: string | undefined;
  readonly json: boolean;
}

export async function runCompareData(
  client: CollectorClient,
  request: CompareDataRequest,
  terminal: Terminal,
): Promise<number> {
  const cluster = await resolveCluster(client, request.cluster);
  const asked = await client.post<DataComparison>(
    `/api/v1/clusters/${encodeURIComponent(cluster)}/compare-data`,
  );
  const told = {
    en: `The agent on ${asked.node} compares the members, one after the other. A difference comes as DATA_CORRUPT: etcdscope findings --active\n`,
    zh: `${asked.node} 上的代理正在逐个比较各成员。若有差异将报告 DATA_CORRUPT：etcdscope findings --active\n`,
  }[terminal.language];
  terminal.write(request.json ? `${JSON.stringify(asked, null, 2)}\n` : told);
  return 0;
}

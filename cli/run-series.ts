/** `etcdscope series`: which metrics are recorded, or one of them over a span. */
import type { Clock } from "../shared/clock.ts";
import type { SeriesAnswer, SeriesDescription } from "../shared/rest.ts";
import { getAll, resolveCluster, resolveTime } from "./ask-options.ts";
import type { CollectorClient } from "./collector-client.ts";
import type { Terminal } from "./terminal.ts";
import { renderSeries, renderSeriesList } from "./view/render-series.ts";

export interface SeriesRequest {
  readonly metric: string | undefined;
  readonly cluster: string | undefined;
  readonly node: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly points: string | undefined;
  readonly json: boolean;
  readonly clock: Clock;
}

export async function runSeries(
  client: CollectorClient,
  request: SeriesRequest,
  terminal: Terminal,
): Promise<number> {
  const { clock, from, to, metric } = request;
  const span = {
    from: from === undefined ? undefined : resolveTime("--from", from, clock.nowMs()),
    to: to === undefined ? undefined : resolveTime("--to", to, clock.nowMs()),
  };
  const cluster = await resolveCluster(client, request.cluster);
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/series`;
  if (metric === undefined) {
    const series = await getAll<SeriesDescription>(client, path, { key: "series", query: {} });
    terminal.write(
      request.json ? `${JSON.stringify({ cluster, series }, null, 2)}\n` : renderSeriesList(series, terminal),
    );
    return 0;
  }
  const query = { ...span, node: request.node, points: request.points };
  const answer = await client.get<SeriesAnswer>(`${path}/${encodeURIComponent(metric)}`, query);
  terminal.write(request.json ? `${JSON.stringify(answer, null, 2)}\n` : renderSeries(answer, terminal));
  return 0;
}

/** Recorded values for the charts. */
import type { SeriesAnswer, SeriesDescription } from "../../../shared/rest.ts";
import { formatTimestamp } from "../../../shared/parse-timestamp.ts";
import type { TimeWindow } from "../time/span.ts";
import { clusterPath } from "./cluster-resources.ts";
import { useResource, type Resource } from "./resource.ts";

/** Steps of a chart: about one every two pixels. */
const POINTS = 300;
/** The growth of a counter is told from steps that hold some samples each; with fewer it would jump up and down. */
const COUNTER_STEP_MS = 30_000;
/** A window that follows the present moves in these steps, so that charts of the same page ask for the same span. */
const ALIGN_MS = 5_000;

export interface SeriesWish {
  readonly cluster: string;
  /** undefined: nothing is asked. */
  readonly metric: string | undefined;
  readonly span: TimeWindow;
  readonly isCounter?: boolean;
}

export function seriesPath({ cluster, metric, span, isCounter }: SeriesWish): string {
  const { fromMs, toMs } = span;
  const from = formatTimestamp(Math.floor(fromMs / ALIGN_MS) * ALIGN_MS);
  const to = formatTimestamp(Math.ceil(toMs / ALIGN_MS) * ALIGN_MS);
  const name = encodeURIComponent(metric ?? "");
  const most = Math.max(10, Math.floor((toMs - fromMs) / COUNTER_STEP_MS));
  const points = isCounter === true ? Math.min(POINTS, most) : POINTS;
  return `${clusterPath(cluster)}/series/${name}?from=${from}&to=${to}&points=${points}`;
}

export function useSeries(wish: SeriesWish): Resource<SeriesAnswer> {
  return useResource(wish.metric === undefined ? undefined : seriesPath(wish));
}

export function useSeriesList(cluster: string): Resource<{ readonly series: readonly SeriesDescription[] }> {
  return useResource(`${clusterPath(cluster)}/series?limit=1000`);
}

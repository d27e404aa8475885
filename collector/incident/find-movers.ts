/** Which series differ most between two spans of the same length. Pure: points in, ranked differences out. */
import type { Mover } from "../../shared/rest-incident.ts";
import type { SeriesData, SeriesPoint } from "../../shared/rest.ts";
import type { MetricDescription } from "../../shared/metric-catalogue.ts";

/** A smaller change is the ordinary up and down. */
const MIN_CHANGE = 0.2;
export const MAX_MOVERS = 30;

export interface MoverSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Series over [from − span, to), of one metric. */
export function compareSeries(
  metric: MetricDescription,
  series: readonly SeriesData[],
  { fromMs, toMs }: MoverSpan,
): readonly Mover[] {
  const seconds = (toMs - fromMs) / 1000;
  return series.flatMap(({ node, labels, points }): readonly Mover[] => {
    const isBefore = ({ at }: SeriesPoint): boolean => Date.parse(at) < fromMs;
    const halves = [points.filter(isBefore), points.filter((point) => !isBefore(point))] as const;
    const [before, after] = halves.map((half) => weigh(half, metric.kind, seconds));
    return before === undefined || after === undefined
      ? []
      : [
          {
            metric: metric.name,
            unit: metric.kind === "counter" ? `${metric.unit}/s` : metric.unit,
            node,
            labels,
            help: metric.help,
            before,
            after,
            ratio: before === 0 ? null : after / before,
          },
        ];
  });
}

/** Largest change first, whichever way; what hardly changed is left out. */
export function rankMovers(movers: readonly Mover[]): readonly Mover[] {
  return movers
    .filter((mover) => changeOf(mover) > Math.log(1 + MIN_CHANGE))
    .toSorted((one, other) => changeOf(other) - changeOf(one) || (one.metric < other.metric ? -1 : 1))
    .slice(0, MAX_MOVERS);
}

/** A gauge by its mean; a counter by its rate, where a fall is a restart of the counter. */
function weigh(
  points: readonly SeriesPoint[],
  kind: "gauge" | "counter",
  seconds: number,
): number | undefined {
  if (kind === "gauge") {
    return points.length === 0 ? undefined : points.reduce((sum, { mean }) => sum + mean, 0) / points.length;
  }
  const [first, ...rest] = points;
  if (first === undefined || rest.length === 0) {
    return undefined;
  }
  let last = first.last;
  let gained = 0;
  for (const point of rest) {
    gained += point.last >= last ? point.last - last : point.last;
    last = point.last;
  }
  return gained / seconds;
}

function changeOf({ before, after }: Mover): number {
  const floor = Math.max(Math.abs(before), Math.abs(after)) / 100;
  return floor === 0 ? 0 : Math.abs(Math.log((Math.abs(after) + floor) / (Math.abs(before) + floor)));
}

/**
 * Trends as they cross from the reader's thread: one column of numbers, handed over, instead of objects, whose copying costs more
 * than finding them. Pure.
 */
import type { SeriesData, SeriesPoint } from "../../shared/rest.ts";

/** Numbers of a point: atMs, min, max, mean, last. */
export const POINT_WIDTH = 5;

/** One series, its points a row of POINT_WIDTH numbers each, oldest first. */
export interface SeriesRows {
  readonly node: string;
  readonly labels: SeriesData["labels"];
  readonly rows: readonly number[];
}

export interface PackedTrends {
  readonly series: readonly (Pick<SeriesData, "node" | "labels"> & { readonly points: number })[];
  /** Of all series, one after the other. */
  readonly rows: Float64Array<ArrayBuffer>;
}

export function packTrends(trends: readonly SeriesRows[]): PackedTrends {
  const rows = new Float64Array(trends.reduce((sum, trend) => sum + trend.rows.length, 0));
  let at = 0;
  for (const trend of trends) {
    rows.set(trend.rows, at);
    at += trend.rows.length;
  }
  const series = trends.map((trend) => ({
    node: trend.node,
    labels: trend.labels,
    points: trend.rows.length / POINT_WIDTH,
  }));
  return { series, rows };
}

export function unpackTrends({ series, rows }: PackedTrends): readonly SeriesData[] {
  // All series of an answer have the same steps, and writing a time takes ten times as long as the rest of its point.
  const times = new Map<number, string>();
  const format = (atMs: number): string => {
    const time = times.get(atMs) ?? new Date(atMs).toISOString();
    times.set(atMs, time);
    return time;
  };
  let at = 0;
  return series.map(({ node, labels, points: count }) => {
    const points: SeriesPoint[] = [];
    for (let i = 0; i < count; i += 1, at += POINT_WIDTH) {
      points.push({
        at: format(rows[at] ?? 0),
        min: rows[at + 1] ?? 0,
        max: rows[at + 2] ?? 0,
        mean: rows[at + 3] ?? 0,
        last: rows[at + 4] ?? 0,
      });
    }
    return { node, labels, points };
  });
}

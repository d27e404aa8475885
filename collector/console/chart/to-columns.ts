/** Answers of the series endpoint as columns on one grid of time, a line a node or member. Pure. */
import type { SeriesAnswer, SeriesData } from "../../../shared/rest.ts";
import type { Panel } from "./panels.ts";

export interface Line {
  /** The node that sent it, or whom the panel's label names. */
  readonly node: string;
  /** One entry a step of the grid; null: nothing was recorded then. */
  readonly values: readonly (number | null)[];
}

export interface Columns {
  /** Begin of each step, seconds since 1970: what the chart library counts in. */
  readonly atSeconds: readonly number[];
  readonly lines: readonly Line[];
}

export function toColumns(
  answer: SeriesAnswer,
  panel: Pick<Panel, "labels" | "as" | "join" | "by">,
): Columns {
  const fromMs = Date.parse(answer.from);
  const steps = Math.round((Date.parse(answer.to) - fromMs) / answer.stepMs);
  const wanted = answer.series.filter((series) => hasLabels(series, panel.labels ?? {}));
  function ownerOf({ node, labels }: SeriesData): string {
    return (panel.by === undefined ? undefined : labels[panel.by]) ?? node;
  }
  const nodes = [...new Set(wanted.map(ownerOf))].sort();
  const join = panel.join ?? (panel.as === undefined ? "max" : "sum");
  return {
    atSeconds: Array.from({ length: steps }, (_, step) => (fromMs + step * answer.stepMs) / 1_000),
    lines: nodes.map((node) => {
      const parts = wanted
        .filter((series) => ownerOf(series) === node)
        .map((series) => toValues(series, { fromMs, steps, stepMs: answer.stepMs, as: panel.as }));
      return { node, values: joinParts(parts, steps, join) };
    }),
  };
}

function hasLabels({ labels }: SeriesData, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

interface Grid {
  readonly fromMs: number;
  readonly steps: number;
  readonly stepMs: number;
  readonly as: Panel["as"];
}

/** Of a gauge the largest of each step, so that no peak is lost. */
function toValues({ points }: SeriesData, { fromMs, steps, stepMs, as }: Grid): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: steps }, () => null);
  let before: { readonly atMs: number; readonly last: number } | undefined;
  for (const point of points) {
    const atMs = Date.parse(point.at);
    const step = Math.round((atMs - fromMs) / stepMs);
    const value = as === undefined ? point.max : growth(point.last, atMs, { before, as });
    if (step >= 0 && step < steps) {
      values[step] = value;
    }
    before = { atMs, last: point.last };
  }
  return values;
}

interface Growing {
  readonly before: { readonly atMs: number; readonly last: number } | undefined;
  readonly as: "rate" | "increase";
}

/** A counter that is smaller than before began anew at 0. */
function growth(last: number, atMs: number, { before, as }: Growing): number | null {
  if (before === undefined) {
    return null;
  }
  const grown = last >= before.last ? last - before.last : last;
  return as === "increase" ? grown : grown / ((atMs - before.atMs) / 1_000);
}

function joinParts(
  parts: readonly (readonly (number | null)[])[],
  steps: number,
  join: "max" | "sum",
): readonly (number | null)[] {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    return only;
  }
  return Array.from({ length: steps }, (_, step) => {
    const known = parts.flatMap((part) => part[step] ?? []);
    if (known.length === 0) {
      return null;
    }
    return join === "max" ? Math.max(...known) : known.reduce((sum, value) => sum + value, 0);
  });
}

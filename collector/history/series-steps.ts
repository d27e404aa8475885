/** Folds samples into the steps of a trend: smallest, largest, mean and last of each. Pure. */
import type { SeriesPoint } from "../../shared/rest.ts";

export interface StepGrid {
  readonly fromMs: number;
  readonly toMs: number;
  /** Steps that [fromMs, toMs) is divided into. */
  readonly points: number;
}

interface Step {
  min: number;
  max: number;
  sum: number;
  count: number;
  last: number;
  lastAtMs: number;
}

export interface SeriesSteps {
  /** Samples outside of the grid, and those that are not numbers, are left out. */
  add(atMs: number, value: number): void;
  /** Steps that hold samples, oldest first; an empty step is absent. */
  points(): readonly SeriesPoint[];
}

export function createSeriesSteps(grid: StepGrid): SeriesSteps {
  const widthMs = (grid.toMs - grid.fromMs) / grid.points;
  const steps = new Map<number, Step>();

  function add(atMs: number, value: number): void {
    if (atMs < grid.fromMs || atMs >= grid.toMs || !Number.isFinite(value)) {
      return;
    }
    const index = Math.min(grid.points - 1, Math.floor((atMs - grid.fromMs) / widthMs));
    const step = steps.get(index);
    if (step === undefined) {
      steps.set(index, { min: value, max: value, sum: value, count: 1, last: value, lastAtMs: atMs });
      return;
    }
    step.min = Math.min(step.min, value);
    step.max = Math.max(step.max, value);
    step.sum += value;
    step.count += 1;
    if (atMs >= step.lastAtMs) {
      step.last = value;
      step.lastAtMs = atMs;
    }
  }

  function points(): readonly SeriesPoint[] {
    return [...steps]
      .sort(([left], [right]) => left - right)
      .map(([index, { min, max, sum, count, last }]) => ({
        at: new Date(Math.round(grid.fromMs + index * widthMs)).toISOString(),
        min,
        max,
        mean: sum / count,
        last,
      }));
  }

  return { add, points };
}

/** Folds samples into the steps of a trend: smallest, largest, mean and last of each. Pure. */
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

/** What a roll-up says of its samples. */
export interface StepSummary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly last: number;
  readonly count: number;
}

export interface SeriesSteps {
  /** Samples outside of the grid, and those that are not numbers, are left out. */
  add(atMs: number, value: number): void;
  /** Many samples at once, all counted at this moment. */
  addStep(atMs: number, summary: StepSummary): void;
  /** Steps that hold samples, oldest first, as rows of POINT_WIDTH numbers (packed-trends.ts); an empty step is absent. */
  rows(): readonly number[];
}

export function createSeriesSteps(grid: StepGrid): SeriesSteps {
  const widthMs = (grid.toMs - grid.fromMs) / grid.points;
  const steps: (Step | undefined)[] = [];

  /** The step of a moment; undefined outside of the grid. */
  function stepAt(atMs: number): Step | undefined {
    if (atMs < grid.fromMs || atMs >= grid.toMs) {
      return undefined;
    }
    const index = Math.min(grid.points - 1, Math.floor((atMs - grid.fromMs) / widthMs));
    const known = steps[index];
    if (known !== undefined) {
      return known;
    }
    const step = { min: Infinity, max: -Infinity, sum: 0, count: 0, last: 0, lastAtMs: -Infinity };
    while (steps.length < index) {
      steps.push(undefined);
    }
    steps[index] = step;
    return step;
  }

  function add(atMs: number, value: number): void {
    const step = Number.isFinite(value) ? stepAt(atMs) : undefined;
    if (step === undefined) {
      return;
    }
    step.min = value < step.min ? value : step.min;
    step.max = value > step.max ? value : step.max;
    step.sum += value;
    step.count += 1;
    if (atMs >= step.lastAtMs) {
      step.last = value;
      step.lastAtMs = atMs;
    }
  }

  function addStep(atMs: number, summary: StepSummary): void {
    const step = stepAt(atMs);
    if (step !== undefined) {
      merge(step, atMs, summary);
    }
  }

  function rows(): readonly number[] {
    const all: number[] = [];
    for (const [index, step] of steps.entries()) {
      if (step !== undefined) {
        const atMs = Math.round(grid.fromMs + index * widthMs);
        all.push(atMs, step.min, step.max, step.sum / step.count, step.last);
      }
    }
    return all;
  }

  return { add, addStep, rows };
}

function merge(step: Step, atMs: number, { min, max, mean, last, count }: StepSummary): void {
  step.min = Math.min(step.min, min);
  step.max = Math.max(step.max, max);
  step.sum += mean * count;
  step.count += count;
  if (atMs >= step.lastAtMs) {
    step.last = last;
    step.lastAtMs = atMs;
  }
}

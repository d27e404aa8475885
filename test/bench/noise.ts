/** Real frames again and again, never twice the same: what moves keeps its course and its steps, with noise on both. */
import type { Frame } from "../../shared/frame.ts";
import { roughen } from "../../shared/rough-number.ts";

/** On a step of a counter, on a time, and on the width in which a gauge moves: this much either way. */
const NOISE = 0.05;
/** A gauge of no more different values is one of levels: a bucket's bound, a count of few. */
const LEVELS = 24;
/** What values are whole multiples of: pages, sectors, then decimals. */
const QUANTA = [4096, 512, 1, 1e-3, 1e-6, 1e-9];

export interface NoiseOptions {
  /** Every frame has every series, as where samples come at one cadence. */
  readonly isDense: boolean;
}

/** The n-th frame, captured then. To be asked in order; the same options give the same frames. */
export function createNoise(
  real: readonly Frame[],
  { isDense }: NoiseOptions,
): (index: number, capturedAtMs: number) => Frame {
  const random = createRandom();
  const either = (): number => NOISE * (2 * random() - 1);
  const courses = createCourses(real);
  const keys = [...courses.keys()];

  function nextValue(key: string): number {
    const course = courses.get(key);
    if (course === undefined) {
      return 0;
    }
    const { values, kind, quantum } = course;
    const at = course.at % values.length;
    const value = values[at] ?? 0;
    course.at += 1;
    switch (kind) {
      case "still":
        return value;
      case "level":
        return random() < NOISE ? (values[Math.floor(random() * values.length)] ?? value) : value;
      case "time":
        return roughen(value * 1e6 * (1 + either())) / 1e6;
      case "counter": {
        const step = at === 0 ? 0 : value - (values[at - 1] ?? value);
        course.total += step * (1 + either());
        return quantize(course.total, quantum);
      }
      case "gauge":
        return quantize(Math.max(course.least, value + course.width * either()), quantum);
    }
  }

  return (index, capturedAtMs) => {
    const frame = real[index % real.length];
    if (frame === undefined) {
      throw new Error("Expected real frames");
    }
    const jitterMs = Math.floor(random() * 3);
    const named = isDense ? keys : frame.samples.map(({ key }) => key);
    return {
      ...frame,
      sequence: BigInt(index + 1),
      capturedAtMs: capturedAtMs + jitterMs,
      monotonicUs: 1000 * (capturedAtMs + jitterMs + Math.floor(random() * 2)),
      samples: named.map((key) => ({ key, value: nextValue(key) })),
      probeRuns: frame.probeRuns.map((run) => ({
        ...run,
        durationUs: 1000 * roughen((Math.ceil(run.durationUs / 1000) || 1) * (1 + either())),
      })),
    };
  };
}

interface Course {
  readonly values: number[];
  kind: "still" | "level" | "time" | "counter" | "gauge";
  quantum: number | undefined;
  least: number;
  width: number;
  at: number;
  total: number;
}

function createCourses(real: readonly Frame[]): ReadonlyMap<string, Course> {
  const courses = new Map<string, Course>();
  for (const { samples } of real) {
    for (const { key, value } of samples) {
      const course = courses.get(key) ?? {
        values: [],
        kind: "gauge",
        quantum: undefined,
        least: 0,
        width: 0,
        at: 0,
        total: 0,
      };
      courses.set(key, course);
      course.values.push(value);
    }
  }
  for (const [key, course] of courses) {
    const { values } = course;
    const least = values.reduce((low, value) => Math.min(low, value), Infinity);
    const most = values.reduce((high, value) => Math.max(high, value), -Infinity);
    course.least = least;
    course.width = most - least;
    course.total = values[0] ?? 0;
    course.quantum = QUANTA.find((one) => values.every((value) => quantize(value, one) === value));
    const isGrowing = values.every((value, i) => value >= (values[i - 1] ?? value));
    if (course.width === 0) {
      course.kind = "still";
    } else if (values.every((value) => isTime(key, value))) {
      course.kind = "time";
    } else if (isGrowing) {
      course.kind = "counter";
    } else if (new Set(values).size <= LEVELS) {
      course.kind = "level";
    }
  }
  return courses;
}

/** What the agent measured itself, and told as a rough number of microseconds. */
function isTime(key: string, value: number): boolean {
  const us = Math.round(value * 1e6);
  return key.startsWith("etcdscope_") && key.includes("_seconds") && us / 1e6 === value && roughen(us) === us;
}

function quantize(value: number, quantum: number | undefined): number {
  if (quantum === undefined) {
    return value;
  }
  return quantum >= 1
    ? Math.round(value / quantum) * quantum
    : Math.round(value * Math.round(1 / quantum)) / Math.round(1 / quantum);
}

/** Repeatable (a linear congruence is noise enough for sizes). */
function createRandom(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

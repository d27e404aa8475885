/**
 * Roll-ups: samples → smallest, largest, mean, last and count of each step of one width, and their bytes. Exact but for
 * the mean, which is kept to 1/65535 of the way from the smallest to the largest. Pure.
 */
import { createByteReader, createByteWriter } from "./bytes.ts";
import { readColumn, writeColumn } from "./column-codec.ts";
import { openSeriesGroups, packSeriesGroups } from "./series-groups.ts";

/** Kept instead of full resolution when that goes. */
export const MINUTE_MS = 60_000;
/** Kept of everything from the start, for long spans. */
export const QUARTER_MS = 900_000;

/** Steps of one series that hold samples, oldest first, as columns of the same length. */
export interface RollupColumns {
  /** Beginning of each step, a multiple of the width. */
  readonly atMs: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  readonly last: Float64Array;
  readonly count: Float64Array;
}

export interface RollupStep {
  readonly atMs: number;
  min: number;
  max: number;
  sum: number;
  last: number;
  lastAtMs: number;
  count: number;
}

/** Values that are no numbers are left out; undefined when none is left. The samples may come in any order. */
export function rollUp(
  times: Float64Array,
  values: Float64Array,
  widthMs: number,
): RollupColumns | undefined {
  const steps = new Map<number, RollupStep>();
  let current: RollupStep | undefined;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? 0;
    const time = times[i] ?? 0;
    if (!Number.isFinite(value)) {
      continue;
    }
    const atMs = Math.floor(time / widthMs) * widthMs;
    if (current?.atMs !== atMs) {
      current = steps.get(atMs);
    }
    if (current === undefined) {
      current = { atMs, min: value, max: value, sum: value, last: value, lastAtMs: time, count: 1 };
      steps.set(atMs, current);
      continue;
    }
    current.min = Math.min(current.min, value);
    current.max = Math.max(current.max, value);
    current.sum += value;
    current.count += 1;
    if (time >= current.lastAtMs) {
      current.last = value;
      current.lastAtMs = time;
    }
  }
  const sorted = [...steps.values()].sort((one, other) => one.atMs - other.atMs);
  return sorted.length === 0 ? undefined : toColumns(sorted);
}

function toColumns(steps: readonly RollupStep[]): RollupColumns {
  return {
    atMs: Float64Array.from(steps, (step) => step.atMs),
    min: Float64Array.from(steps, (step) => step.min),
    max: Float64Array.from(steps, (step) => step.max),
    mean: Float64Array.from(steps, (step) => step.sum / step.count),
    last: Float64Array.from(steps, (step) => step.last),
    count: Float64Array.from(steps, (step) => step.count),
  };
}

/** One after the other: where steps of two parts have the same beginning both are kept, and readers fold them. */
export function joinRollups(parts: readonly RollupColumns[]): RollupColumns {
  const join = (of: (part: RollupColumns) => Float64Array): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...of(part)]));
  return {
    atMs: join((part) => part.atMs),
    min: join((part) => part.min),
    max: join((part) => part.max),
    mean: join((part) => part.mean),
    last: join((part) => part.last),
    count: join((part) => part.count),
  };
}

const MEAN_STEPS = 65_535;

/** The bytes of the roll-ups of one width of many series. */
export function packRollups(rollups: ReadonlyMap<number, RollupColumns>): Uint8Array<ArrayBuffer> {
  return packSeriesGroups([...rollups].map(([series, columns]) => ({ series, bytes: toBytes(columns) })));
}

function toBytes({ atMs, min, max, mean, last, count }: RollupColumns): Uint8Array {
  const writer = createByteWriter();
  writer.varint(atMs.length);
  writeColumn(writer, atMs);
  writeColumn(writer, count);
  writeColumn(writer, min);
  writeColumn(writer, max, min);
  writeColumn(writer, last, max);
  writeColumn(
    writer,
    mean.map((value, i) => {
      const low = min[i] ?? 0;
      const range = (max[i] ?? 0) - low;
      const share = range > 0 && Number.isFinite(range) ? (value - low) / range : 0;
      return Math.round(Math.min(1, Math.max(0, share)) * MEAN_STEPS);
    }),
  );
  return writer.bytes();
}

/** Visits the wanted series; all of them when undefined. */
export function readRollups(
  packed: Uint8Array,
  wanted: ReadonlySet<number> | undefined,
  visit: (series: number, columns: RollupColumns) => void,
): void {
  openSeriesGroups(packed).read(wanted, (series, bytes) => visit(series, fromBytes(bytes)));
}

function fromBytes(bytes: Uint8Array): RollupColumns {
  const reader = createByteReader(bytes);
  const length = reader.varint();
  const atMs = readColumn(reader, length);
  const count = readColumn(reader, length);
  const min = readColumn(reader, length);
  const max = readColumn(reader, length, min);
  const last = readColumn(reader, length, max);
  const shares = readColumn(reader, length);
  const mean = shares.map((share, i) => {
    const low = min[i] ?? 0;
    return low + (share / MEAN_STEPS) * ((max[i] ?? 0) - low);
  });
  return { atMs, min, max, mean, last, count };
}

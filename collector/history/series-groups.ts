/**
 * Bytes a series, packed in groups, so that one series is read without inflating the others: a directory of numbers, then
 * one zstd frame a group. Neighbouring numbers are mostly of one metric, and alike. Pure.
 */
import { createByteReader, createByteWriter } from "./bytes.ts";
import { deflateColumns, inflateColumns } from "./zstd.ts";

/** Measured on real frames: fewer cost bytes (each zstd frame begins anew), more cost time to read one. */
const GROUP_SERIES = 16;

export interface SeriesBytes {
  readonly series: number;
  readonly bytes: Uint8Array;
}

export function packSeriesGroups(entries: readonly SeriesBytes[]): Uint8Array<ArrayBuffer> {
  const sorted = [...entries].sort((one, other) => one.series - other.series);
  const directory = createByteWriter();
  directory.varint(sorted.length);
  let previous = 0;
  for (const { series } of sorted) {
    directory.varint(series - previous);
    previous = series;
  }
  const groups: Uint8Array[] = [];
  for (let first = 0; first < sorted.length; first += GROUP_SERIES) {
    const group = createByteWriter();
    for (const { bytes } of sorted.slice(first, first + GROUP_SERIES)) {
      group.block(bytes);
    }
    const packed = deflateColumns(group.bytes());
    directory.varint(packed.length);
    groups.push(packed);
  }
  const whole = createByteWriter();
  whole.block(deflateColumns(directory.bytes()));
  for (const group of groups) {
    whole.raw(group);
  }
  return whole.bytes();
}

export interface SeriesGroups {
  /** Ascending. */
  readonly series: readonly number[];
  /** Visits the wanted ones that are there; all of them when undefined. */
  read(wanted: ReadonlySet<number> | undefined, visit: (series: number, bytes: Uint8Array) => void): void;
}

export function openSeriesGroups(packed: Uint8Array): SeriesGroups {
  const whole = createByteReader(packed);
  const directory = createByteReader(inflateColumns(whole.block()));
  const series: number[] = [];
  const count = directory.varint();
  let id = 0;
  for (let i = 0; i < count; i += 1) {
    id += directory.varint();
    series.push(id);
  }

  function read(
    wanted: ReadonlySet<number> | undefined,
    visit: (series: number, bytes: Uint8Array) => void,
  ): void {
    const sizes = createByteReader(directory.rest());
    const groups = createByteReader(whole.rest());
    for (let first = 0; first < count; first += GROUP_SERIES) {
      const packedGroup = groups.raw(sizes.varint());
      const members = series.slice(first, first + GROUP_SERIES);
      if (wanted === undefined || members.some((one) => wanted.has(one))) {
        const group = createByteReader(inflateColumns(packedGroup));
        for (const member of members) {
          const bytes = group.block();
          if (wanted === undefined || wanted.has(member)) {
            visit(member, bytes);
          }
        }
      }
    }
  }

  return { series, read };
}

/**
 * Frames of one agent ⇄ three compressed parts: when each frame was and which series it has (times), the samples as a
 * column a series (values), and everything else (rest). A trend reads times and one group of values; the past reads
 * all three and gets the frames back as they were. Pure.
 *
 * Most frames have one of a few lists of series, so a frame refers to its list by number. The n-th value of a column
 * belongs to the n-th place in which the lists name its series. Lists are in the order of the series' numbers: in which
 * order a frame had its samples, and its probe runs, is not kept.
 */
import { createByteReader, createByteWriter } from "./bytes.ts";
import { readColumn, writeColumn } from "./column-codec.ts";
import { openFrameRest, placedMsOf, writeFrameRest, type StoredFrame } from "./frame-rest.ts";
import { openSeriesGroups, packSeriesGroups } from "./series-groups.ts";
import { deflateColumns, inflateColumns } from "./zstd.ts";

export interface FrameBlock {
  readonly times: Uint8Array<ArrayBuffer>;
  readonly values: Uint8Array<ArrayBuffer>;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** Which series a frame has, in the order in which it has them. */
export type SeriesList = readonly number[];

export interface BlockTimes {
  /** Its place in time: shared/frame-place.ts. */
  readonly placedMs: Float64Array;
  readonly lists: readonly SeriesList[];
  /** The place in `lists` of each frame. */
  readonly listOf: Float64Array;
}

/** The frames must be of one agent, in the order in which they are to be read. */
export function packFrameBlock(given: readonly StoredFrame[]): FrameBlock {
  const frames = given.map(inOrder);
  const listIds = new Map<string, number>();
  const lists: SeriesList[] = [];
  const listOf = new Float64Array(frames.length);
  const columns = new Map<number, number[]>();
  for (const [index, { wire }] of frames.entries()) {
    const key = wire.sampleSeries.join(",");
    const list = listIds.get(key) ?? lists.length;
    if (list === lists.length) {
      listIds.set(key, list);
      lists.push(wire.sampleSeries);
    }
    listOf[index] = list;
    for (const [place, series] of wire.sampleSeries.entries()) {
      const column = columns.get(series) ?? [];
      columns.set(series, column);
      column.push(wire.sampleValues[place] ?? 0);
    }
  }
  const values = [...columns].map(([series, column]) => {
    const writer = createByteWriter();
    writer.varint(column.length);
    writeColumn(writer, Float64Array.from(column));
    return { series, bytes: writer.bytes() };
  });
  return {
    times: packTimes({
      placedMs: Float64Array.from(frames, placedMsOf),
      lists,
      listOf,
    }),
    values: packSeriesGroups(values),
    rest: writeFrameRest(frames),
  };
}

/** Probes that end in another order at every tick would make a list of nearly every frame. */
function inOrder(frame: StoredFrame): StoredFrame {
  const { wire } = frame;
  const { sampleSeries, sampleValues } = wire;
  const order = sampleSeries
    .map((_, place) => place)
    .sort((one, other) => (sampleSeries[one] ?? 0) - (sampleSeries[other] ?? 0));
  return {
    ...frame,
    wire: {
      ...wire,
      sampleSeries: order.map((place) => sampleSeries[place] ?? 0),
      sampleValues: order.map((place) => sampleValues[place] ?? 0),
      probeRuns: wire.probeRuns.toSorted((one, other) => one.probeId - other.probeId),
    },
  };
}

function packTimes({ placedMs, lists, listOf }: BlockTimes): Uint8Array<ArrayBuffer> {
  const writer = createByteWriter();
  writer.varint(placedMs.length);
  writeColumn(writer, placedMs);
  writeColumn(writer, listOf);
  writer.varint(lists.length);
  for (const list of lists) {
    writer.varint(list.length);
    let previous = 0;
    for (const series of list) {
      writer.signed(series - previous);
      previous = series;
    }
  }
  return Uint8Array.from(deflateColumns(writer.bytes()));
}

export function readBlockTimes(times: Uint8Array): BlockTimes {
  const reader = createByteReader(inflateColumns(times));
  const frames = reader.varint();
  const placedMs = readColumn(reader, frames);
  const listOf = readColumn(reader, frames);
  const lists: SeriesList[] = [];
  const count = reader.varint();
  for (let i = 0; i < count; i += 1) {
    const list: number[] = [];
    const length = reader.varint();
    let series = 0;
    for (let place = 0; place < length; place += 1) {
      series += reader.signed();
      list.push(series);
    }
    lists.push(list);
  }
  return { placedMs, lists, listOf };
}

/** Visits the samples of the wanted series (all when undefined), series by series, each in the frames' order. */
export function readBlockSeries(
  block: Pick<FrameBlock, "times" | "values">,
  wanted: ReadonlySet<number> | undefined,
  visit: (series: number, times: Float64Array, values: Float64Array) => void,
): void {
  const times = readBlockTimes(block.times);
  openSeriesGroups(block.values).read(wanted, (series, bytes) => {
    visit(series, timesOf(series, times), readValues(bytes));
  });
}

function timesOf(series: number, { placedMs, lists, listOf }: BlockTimes): Float64Array {
  const counts = lists.map((list) => list.filter((one) => one === series).length);
  const times: number[] = [];
  for (let i = 0; i < placedMs.length; i += 1) {
    for (let n = counts[listOf[i] ?? 0] ?? 0; n > 0; n -= 1) {
      times.push(placedMs[i] ?? 0);
    }
  }
  return Float64Array.from(times);
}

function readValues(bytes: Uint8Array): Float64Array {
  const reader = createByteReader(bytes);
  return readColumn(reader, reader.varint());
}

export interface OpenedBlock {
  /** The frames that are wanted, as they were. */
  read(isWanted: (placedMs: number) => boolean): readonly StoredFrame[];
  /** Of memory, about. */
  readonly bytes: number;
}

/** Inflated once, for several readings. */
export function openFrameBlock(block: FrameBlock): OpenedBlock {
  const times = readBlockTimes(block.times);
  const { placedMs, lists, listOf } = times;
  const columns = new Map<number, Float64Array>();
  let values = 2 * placedMs.length;
  openSeriesGroups(block.values).read(undefined, (series, bytes) => {
    const column = readValues(bytes);
    columns.set(series, column);
    values += column.length;
  });
  const rest = openFrameRest(block.rest, placedMs);

  function read(isWanted: (placedMs: number) => boolean): readonly StoredFrame[] {
    const next = new Map([...columns].map(([series, column]) => [series, { column, at: 0 }]));
    const nextOf = lists.map((list) => list.map((series) => next.get(series)));
    const rests = rest.read(isWanted);
    const frames: StoredFrame[] = [];
    for (let i = 0; i < placedMs.length; i += 1) {
      const list = listOf[i] ?? 0;
      const frame = rests[i];
      for (const place of nextOf[list] ?? []) {
        if (place !== undefined) {
          frame?.wire.sampleValues.push(place.column[place.at] ?? 0);
          place.at += 1;
        }
      }
      if (frame !== undefined) {
        frame.wire.sampleSeries = [...(lists[list] ?? [])];
        frames.push(frame);
      }
    }
    return frames;
  }

  return { read, bytes: rest.bytes + 8 * values };
}

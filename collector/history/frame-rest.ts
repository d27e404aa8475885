/** Everything of frames but their samples, as columns: numbers, probe runs, facts and events. Pure. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FrameSchema,
  ProbeRunSchema,
  type Frame as WireFrame,
  type ProbeRun,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { placeShiftMs } from "../../shared/frame-place.ts";
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from "./bytes.ts";
import { readColumn, writeColumn } from "./column-codec.ts";
import { deflateColumns, inflateColumns } from "./zstd.ts";

/** A frame as a row of the history has it: the wire's message under the history's numbers. */
export interface StoredFrame {
  /** Row of its agent's run. */
  readonly instance: number;
  readonly receivedMs: number;
  readonly wire: WireFrame;
}

/** What the column of offsets means for a frame. */
const OFFSET = { none: 0, measured: 1, placed: 2 } as const;

/** Columns of one number a frame. */
const NUMBERS: readonly ((frame: StoredFrame, placedMs: number) => number)[] = [
  ({ instance }) => instance,
  ({ receivedMs }, placedMs) => receivedMs - placedMs,
  ({ wire }) => toNumber(wire.sequence),
  ({ wire }, placedMs) => toNumber(wire.monotonicUs) - clockUs(placedMs),
  ({ wire }) => toNumber(wire.droppedTotal),
  // the offset is in its own column; whether the frame's place in time is its capture less that
  ({ wire }, placedMs) =>
    wire.clockOffsetUs === undefined
      ? OFFSET.none
      : placedMs === Number(wire.capturedAtUnixMs)
        ? OFFSET.measured
        : OFFSET.placed,
  ({ wire }) => toNumber(wire.clockOffsetUs ?? 0n),
  ({ wire }) => wire.clockRoundTripUs,
  ({ wire }) => (wire.keyframe ? 1 : 0),
];

/** What the monotonic clock is told from: the two run side by side. 0 for a wall clock of no honest node. */
function clockUs(capturedMs: number): number {
  return capturedMs < 8e12 ? capturedMs * 1000 : 0;
}

/** The frame's place in time. */
export function placedMsOf({ wire }: StoredFrame): number {
  const capturedMs = Number(wire.capturedAtUnixMs);
  const { clockOffsetUs } = wire;
  return (
    capturedMs - placeShiftMs(capturedMs, clockOffsetUs === undefined ? undefined : toNumber(clockOffsetUs))
  );
}

/** No honest agent counts further than a double does. */
function toNumber(value: bigint): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)));
}

export function writeFrameRest(frames: readonly StoredFrame[]): Uint8Array<ArrayBuffer> {
  const writer = createByteWriter();
  for (const numberOf of NUMBERS) {
    writeColumn(
      writer,
      Float64Array.from(frames, (frame) => numberOf(frame, placedMsOf(frame))),
    );
  }
  writeRuns(writer, frames);
  for (const { wire } of frames) {
    const documents = create(FrameSchema, { facts: wire.facts, events: wire.events });
    writer.block(toBinary(FrameSchema, documents));
  }
  return Uint8Array.from(deflateColumns(writer.bytes()));
}

/** What tells one list of runs from another: everything but the numbers. */
type RunHead = Pick<ProbeRun, "probeId" | "outcome" | "errorCode" | "errorText">;

function writeRuns(writer: ByteWriter, frames: readonly StoredFrame[]): void {
  const listIds = new Map<string, number>();
  const durations = new Map<number, number[]>();
  const ages = new Map<number, number[]>();
  const listOf = Float64Array.from(frames, ({ wire }) => {
    const heads = wire.probeRuns.map(({ probeId, outcome, errorCode, errorText }): RunHead => {
      return { probeId, outcome, errorCode, errorText };
    });
    const key = JSON.stringify(heads);
    const list = listIds.get(key) ?? listIds.size;
    listIds.set(key, list);
    for (const { probeId, durationUs, ageMs } of wire.probeRuns) {
      push(durations, probeId, durationUs);
      push(ages, probeId, ageMs);
    }
    return list;
  });
  writer.block(Buffer.from(JSON.stringify([...listIds.keys()].map((key) => JSON.parse(key) as RunHead[]))));
  writeColumn(writer, listOf);
  writer.varint(durations.size);
  for (const [probe, column] of durations) {
    writer.varint(probe);
    writer.varint(column.length);
    writeColumn(writer, Float64Array.from(column));
    writeColumn(writer, Float64Array.from(ages.get(probe) ?? []));
  }
}

function push(columns: Map<number, number[]>, probe: number, value: number): void {
  const column = columns.get(probe) ?? [];
  columns.set(probe, column);
  column.push(value);
}

export interface OpenedRest {
  /** The wanted frames at their places, without samples; the others are undefined. */
  read(isWanted: (placedMs: number) => boolean): readonly (StoredFrame | undefined)[];
  /** Of memory, about. */
  readonly bytes: number;
}

/** Inflated once, for several readings. */
export function openFrameRest(packed: Uint8Array, placedMs: Float64Array): OpenedRest {
  const inflated = inflateColumns(packed);
  const reader = createByteReader(inflated);
  const count = placedMs.length;
  const [instance, delay, sequence, monotonic, dropped, offsetKind, offset, roundTrip, keyframe] =
    NUMBERS.map(() => readColumn(reader, count));
  const runs = openRuns(reader, count);
  const documents = Array.from({ length: count }, () => reader.block());

  function readFrame(i: number, probeRuns: ProbeRun[]): StoredFrame {
    const atMs = placedMs[i] ?? 0;
    const wire = fromBinary(FrameSchema, documents[i] ?? new Uint8Array());
    const offsetUs = offset?.[i] ?? 0;
    const aheadMs = offsetKind?.[i] === OFFSET.placed ? Math.round(offsetUs / 1000) : 0;
    wire.capturedAtUnixMs = BigInt(atMs + aheadMs);
    wire.sequence = BigInt(sequence?.[i] ?? 0);
    wire.monotonicUs = BigInt((monotonic?.[i] ?? 0) + clockUs(atMs));
    wire.droppedTotal = BigInt(dropped?.[i] ?? 0);
    wire.keyframe = keyframe?.[i] === 1;
    wire.probeRuns = probeRuns;
    if (offsetKind?.[i] !== OFFSET.none) {
      wire.clockOffsetUs = BigInt(offsetUs);
      wire.clockRoundTripUs = roundTrip?.[i] ?? 0;
    }
    return { instance: instance?.[i] ?? 0, receivedMs: atMs + (delay?.[i] ?? 0), wire };
  }

  return {
    read: (isWanted) => {
      const nextRuns = runs.start();
      return Array.from({ length: count }, (_, i): StoredFrame | undefined => {
        const wanted = isWanted(placedMs[i] ?? 0);
        const probeRuns = nextRuns(i, wanted);
        return wanted ? readFrame(i, probeRuns) : undefined;
      });
    },
    bytes: inflated.length + 8 * (NUMBERS.length * count + runs.values) + DOCUMENT_BYTES * count,
  };
}

/** What a view of a part of a buffer takes beside that part. */
const DOCUMENT_BYTES = 100;

interface OpenedRuns {
  /** One reading: to be called for each frame in turn, wanted or not. */
  start(): (frame: number, wanted: boolean) => ProbeRun[];
  /** How many numbers are held. */
  readonly values: number;
}

interface RunColumns {
  readonly durations: Float64Array;
  readonly ages: Float64Array;
}

function openRuns(reader: ByteReader, count: number): OpenedRuns {
  const lists = JSON.parse(Buffer.from(reader.block()).toString()) as RunHead[][];
  const listOf = readColumn(reader, count);
  const columns = new Map<number, RunColumns>();
  let values = count;
  for (let left = reader.varint(); left > 0; left -= 1) {
    const probe = reader.varint();
    const length = reader.varint();
    columns.set(probe, { durations: readColumn(reader, length), ages: readColumn(reader, length) });
    values += 2 * length;
  }

  function start(): (frame: number, wanted: boolean) => ProbeRun[] {
    const next = new Map(
      [...columns].map(([probe, { durations, ages }]) => [probe, { durations, ages, at: 0 }]),
    );
    const nextOf = lists.map((heads) => heads.map((head) => ({ head, column: next.get(head.probeId) })));
    return (frame, wanted) => {
      const runs: ProbeRun[] = [];
      for (const { head, column } of nextOf[listOf[frame] ?? 0] ?? []) {
        const at = column?.at ?? 0;
        if (column !== undefined) {
          column.at += 1;
        }
        if (wanted) {
          const durationUs = column?.durations[at] ?? 0;
          runs.push(create(ProbeRunSchema, { ...head, durationUs, ageMs: column?.ages[at] ?? 0 }));
        }
      }
      return runs;
    };
  }

  return { start, values };
}

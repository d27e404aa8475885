/** Everything of frames but their samples, as columns: numbers, probe runs, facts and events. Pure. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  FrameSchema,
  ProbeRunSchema,
  type Frame as WireFrame,
  type ProbeRun,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
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

/** Columns of one number a frame. */
const NUMBERS: readonly ((frame: StoredFrame, capturedMs: number) => number)[] = [
  ({ instance }) => instance,
  ({ receivedMs }, capturedMs) => receivedMs - capturedMs,
  ({ wire }) => toNumber(wire.sequence),
  ({ wire }, capturedMs) => toNumber(wire.monotonicUs) - clockUs(capturedMs),
  ({ wire }) => toNumber(wire.droppedTotal),
  // 0: not measured; else 1, and the offset in its own column
  ({ wire }) => (wire.clockOffsetUs === undefined ? 0 : 1),
  ({ wire }) => toNumber(wire.clockOffsetUs ?? 0n),
  ({ wire }) => wire.clockRoundTripUs,
  ({ wire }) => (wire.keyframe ? 1 : 0),
];

/** What the monotonic clock is told from: the two run side by side. 0 for a wall clock of no honest node. */
function clockUs(capturedMs: number): number {
  return capturedMs < 8e12 ? capturedMs * 1000 : 0;
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
      Float64Array.from(frames, (frame) => numberOf(frame, Number(frame.wire.capturedAtUnixMs))),
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

/** The wanted frames at their places, without samples; the others are undefined. */
export function readFrameRest(
  packed: Uint8Array,
  capturedMs: Float64Array,
  isWanted: (capturedMs: number) => boolean,
): readonly (StoredFrame | undefined)[] {
  const reader = createByteReader(inflateColumns(packed));
  const count = capturedMs.length;
  const [instance, delay, sequence, monotonic, dropped, hasOffset, offset, roundTrip, keyframe] = NUMBERS.map(
    () => readColumn(reader, count),
  );
  const nextRuns = readRuns(reader, count);
  return Array.from({ length: count }, (_, i): StoredFrame | undefined => {
    const capturedAtMs = capturedMs[i] ?? 0;
    const wanted = isWanted(capturedAtMs);
    const probeRuns = nextRuns(i, wanted);
    const documents = reader.block();
    if (!wanted) {
      return undefined;
    }
    const wire = fromBinary(FrameSchema, documents);
    wire.capturedAtUnixMs = BigInt(capturedAtMs);
    wire.sequence = BigInt(sequence?.[i] ?? 0);
    wire.monotonicUs = BigInt((monotonic?.[i] ?? 0) + clockUs(capturedAtMs));
    wire.droppedTotal = BigInt(dropped?.[i] ?? 0);
    wire.keyframe = keyframe?.[i] === 1;
    wire.probeRuns = probeRuns;
    if (hasOffset?.[i] === 1) {
      wire.clockOffsetUs = BigInt(offset?.[i] ?? 0);
      wire.clockRoundTripUs = roundTrip?.[i] ?? 0;
    }
    return { instance: instance?.[i] ?? 0, receivedMs: capturedAtMs + (delay?.[i] ?? 0), wire };
  });
}

/** Must be called for each frame in turn, wanted or not. */
function readRuns(reader: ByteReader, count: number): (frame: number, wanted: boolean) => ProbeRun[] {
  const lists = JSON.parse(Buffer.from(reader.block()).toString()) as RunHead[][];
  const listOf = readColumn(reader, count);
  const columns = new Map<number, { durations: Float64Array; ages: Float64Array; at: number }>();
  for (let left = reader.varint(); left > 0; left -= 1) {
    const probe = reader.varint();
    const length = reader.varint();
    columns.set(probe, {
      durations: readColumn(reader, length),
      ages: readColumn(reader, length),
      at: 0,
    });
  }
  return (frame, wanted) => {
    const runs: ProbeRun[] = [];
    for (const head of lists[listOf[frame] ?? 0] ?? []) {
      const column = columns.get(head.probeId);
      const at = column?.at ?? 0;
      if (column !== undefined) {
        column.at += 1;
      }
      if (wanted) {
        runs.push(
          create(ProbeRunSchema, {
            ...head,
            durationUs: column?.durations[at] ?? 0,
            ageMs: column?.ages[at] ?? 0,
          }),
        );
      }
    }
    return runs;
  };
}

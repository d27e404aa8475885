/** Turns what landed, and what is stored, into what replaces it. Pure: rows in, a piece of work out. */
import { fromBinary } from "@bufbuild/protobuf";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { packFrameBlock, readBlockSeries, type FrameBlock } from "./frame-block.ts";
import { BLOB_ENCODING, inflateBlob } from "./frame-blob.ts";
import { placedMsOf, type StoredFrame } from "./frame-rest.ts";
import { joinRollups, packRollups, QUARTER_MS, readRollups, rollUp, type RollupColumns } from "./rollup.ts";
import { unpackLanded } from "./landed-pack.ts";
import type { CompactWork } from "./worker-protocol.ts";

/** A row of the landing area. */
export interface LandedRow {
  readonly id: number;
  readonly instance: number;
  readonly captured_ms: number;
  readonly received_ms: number;
  readonly encoding: number;
  readonly blob: Uint8Array;
}

/** Of landed_pack. */
export interface LandedPack {
  readonly id: number;
  readonly frames: number;
  readonly blob: Uint8Array;
}

/** What landed of one agent. A row, or a pack, that cannot be read is left out of the block, and goes with the others. */
export interface Landed {
  readonly rows: readonly LandedRow[];
  readonly packs: readonly LandedPack[];
}

export function prepareCompact(agent: number, { rows, packs }: Landed): CompactWork {
  const all = [...packs.flatMap(readPack), ...rows].sort(
    (one, other) => one.captured_ms - other.captured_ms || one.id - other.id,
  );
  const frames = all.flatMap((row) => readRow(row) ?? []);
  const landed = rows.length + packs.reduce((sum, pack) => sum + pack.frames, 0);
  const lost = landed - frames.length;
  const block = packFrameBlock(frames);
  const captured = frames.map(placedMsOf);
  return {
    kind: "compact",
    agent,
    fromMs: captured.reduce((least, one) => Math.min(least, one), Number.MAX_SAFE_INTEGER),
    toMs: captured.reduce((most, one) => Math.max(most, one), 0),
    receivedToMs: frames.reduce((most, one) => Math.max(most, one.receivedMs), 0),
    frames: frames.length,
    samples: frames.reduce((sum, { wire }) => sum + wire.sampleSeries.length, 0),
    frameIds: Float64Array.from(rows, ({ id }) => id),
    packIds: packs.map(({ id }) => id),
    block,
    quarters: rollUpBlock(block, QUARTER_MS),
    unreadable: lost === 0 ? undefined : `${lost} of ${landed} frames that landed`,
  };
}

function readPack({ blob }: LandedPack): readonly LandedRow[] {
  try {
    return unpackLanded(blob).map(({ id, instance, capturedMs, receivedMs, bytes }) => {
      const row = { id, instance, captured_ms: capturedMs, received_ms: receivedMs };
      return { ...row, encoding: BLOB_ENCODING.plain, blob: bytes };
    });
  } catch {
    return [];
  }
}

function readRow(row: LandedRow): StoredFrame | undefined {
  try {
    const bytes = inflateBlob({ encoding: row.encoding, bytes: row.blob });
    const wire = fromBinary(FrameSchema, bytes);
    return wire.sampleSeries.length === wire.sampleValues.length
      ? { instance: row.instance, receivedMs: row.received_ms, wire }
      : undefined;
  } catch {
    return undefined;
  }
}

export function rollUpBlock(
  block: Pick<FrameBlock, "times" | "values">,
  widthMs: number,
): Uint8Array<ArrayBuffer> {
  const rollups = new Map<number, RollupColumns>();
  readBlockSeries(block, undefined, (series, times, values) => {
    const columns = rollUp(times, values, widthMs);
    if (columns !== undefined) {
      rollups.set(series, columns);
    }
  });
  return packRollups(rollups);
}

/** The roll-ups of several rows, by time, as one. */
export function mergeRollups(rows: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const parts = new Map<number, RollupColumns[]>();
  for (const row of rows) {
    readRollups(row, undefined, (series, columns) => {
      parts.set(series, [...(parts.get(series) ?? []), columns]);
    });
  }
  return packRollups(new Map([...parts].map(([series, list]) => [series, joinRollups(list)])));
}

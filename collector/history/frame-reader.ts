/** Reads frames back, from where they landed and from blocks, as if there were no difference. On a reader's thread. */
import { toBinary } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { DETAIL } from "./block-writer.ts";
import { BLOCK_MS } from "./compactor.ts";
import type { Db } from "./database.ts";
import { joinBytes } from "./frame-batch.ts";
import { inflateBlob } from "./frame-blob.ts";
import { unpackFrameBlock } from "./frame-block.ts";
import type { StoredFrame } from "./frame-rest.ts";
import {
  ROW,
  ROW_WIDTH,
  type BatchStream,
  type FrameBatch,
  type FramePage,
  type Span,
} from "./worker-protocol.ts";

/** Frames in one answer, at most: 8 MB of row ids. */
const MAX_SELECTED = 1_000_000;
/** Time that one page of a span covers. */
const PAGE_MS = 60_000;
/** A block is unpacked in pieces of this length: one moment needs two minutes of it, a capture reads on. */
const PIECE_MS = 600_000;
/** Pieces that are kept for the next page: those of one cluster's nodes. Less than a megabyte each. */
const MAX_PIECES = 24;

export interface FrameReader {
  selectReceived(sinceMs: number): {
    readonly rows: Float64Array<ArrayBuffer>;
    readonly blocks: Float64Array<ArrayBuffer>;
  };
  readRows(ids: Float64Array): FrameBatch;
  readBlock(block: number): FrameBatch;
  readSpan(span: Span): FramePage;
}

/** A frame with its wire bytes. */
interface ReadFrame {
  readonly instance: number;
  readonly sequence: number;
  readonly capturedMs: number;
  readonly receivedMs: number;
  readonly sampleCount: number;
  readonly bytes: Uint8Array;
}

interface FrameRow {
  readonly instance: number;
  readonly sequence: number;
  readonly captured_ms: number;
  readonly received_ms: number;
  readonly sample_count: number;
  readonly encoding: number;
  readonly blob: Uint8Array;
}

interface BlockParts {
  readonly times: Uint8Array<ArrayBuffer>;
  readonly sample_values: Uint8Array<ArrayBuffer>;
  readonly rest: Uint8Array<ArrayBuffer>;
}

const FRAME_COLUMNS = "instance, sequence, captured_ms, received_ms, sample_count, encoding, blob";

export function createFrameReader(db: Db): FrameReader {
  const newestFirst = db.prepare<[], { id: number; received_ms: number }>(
    "SELECT id, received_ms FROM frame ORDER BY id DESC",
  );
  const blocksReceived = db
    .prepare<[number, number], number>(
      "SELECT id FROM block WHERE received_to_ms >= ? AND detail = ? ORDER BY received_to_ms, id",
    )
    .pluck();
  const selectFrame = db.prepare<[number], FrameRow>(`SELECT ${FRAME_COLUMNS} FROM frame WHERE id = ?`);
  const selectStream = db.prepare<[number], BatchStream>(
    `SELECT agent.cluster, agent.node, instance.name AS instanceId, instance.agent_version AS agentVersion
     FROM instance JOIN agent ON agent.id = instance.agent WHERE instance.id = ?`,
  );
  const selectAgents = db.prepare<[string], number>("SELECT id FROM agent WHERE cluster = ?").pluck();
  const selectLanded = db.prepare<[number, number, number], FrameRow>(
    `SELECT ${FRAME_COLUMNS} FROM frame WHERE agent = ? AND captured_ms >= ? AND captured_ms < ?
     ORDER BY captured_ms, id`,
  );
  const selectBlocks = db
    .prepare<[number, number, number, number, number], number>(
      `SELECT id FROM block WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? AND detail = ?
       ORDER BY from_ms, id`,
    )
    .pluck();
  const selectParts = db.prepare<[number], BlockParts>(
    "SELECT times, sample_values, rest FROM block_frames WHERE block = ?",
  );
  const nextLanded = db
    .prepare<[number, number, number], number | null>(
      "SELECT min(captured_ms) FROM frame WHERE agent = ? AND captured_ms >= ? AND captured_ms < ?",
    )
    .pluck();
  const nextBlock = db
    .prepare<[number, number, number, number, number], number | null>(
      `SELECT min(max(from_ms, ?)) FROM block
       WHERE agent = ? AND from_ms < ? AND to_ms >= ? AND detail = ?`,
    )
    .pluck();
  const pieces = new Map<string, readonly StoredFrame[]>();

  function selectReceived(sinceMs: number): ReturnType<FrameReader["selectReceived"]> {
    const ids: number[] = [];
    for (const row of newestFirst.iterate()) {
      if (row.received_ms < sinceMs) {
        break;
      }
      ids.push(row.id);
      assertSelectable(ids.length);
    }
    return {
      rows: Float64Array.from(ids.reverse()),
      blocks: Float64Array.from(blocksReceived.all(sinceMs, DETAIL.frames)),
    };
  }

  function unpack(block: number, isWanted: (capturedMs: number) => boolean): readonly StoredFrame[] {
    const parts = selectParts.get(block);
    return parts === undefined
      ? []
      : unpackFrameBlock({ times: parts.times, values: parts.sample_values, rest: parts.rest }, isWanted);
  }

  function readPiece(block: number, piece: number): readonly StoredFrame[] {
    const key = `${block}/${piece}`;
    const frames =
      pieces.get(key) ?? unpack(block, (capturedMs) => Math.floor(capturedMs / PIECE_MS) === piece);
    pieces.delete(key);
    pieces.set(key, frames);
    for (const oldest of [...pieces.keys()].slice(0, Math.max(0, pieces.size - MAX_PIECES))) {
      pieces.delete(oldest);
    }
    return frames;
  }

  function readSpan({ cluster, fromMs, toMs }: Span): FramePage {
    const endMs = Math.min(toMs, fromMs + PAGE_MS);
    const found: ReadFrame[] = [];
    let nextMs: number | undefined;
    for (const agent of selectAgents.all(cluster)) {
      for (const block of selectBlocks.all(agent, fromMs - BLOCK_MS, endMs, fromMs, DETAIL.frames)) {
        const lastPiece = Math.floor((endMs - 1) / PIECE_MS);
        for (let piece = Math.floor(fromMs / PIECE_MS); piece <= lastPiece; piece += 1) {
          for (const frame of readPiece(block, piece)) {
            const capturedMs = Number(frame.wire.capturedAtUnixMs);
            if (capturedMs >= fromMs && capturedMs < endMs) {
              found.push(fromStored(frame));
            }
          }
        }
        assertSelectable(found.length);
      }
      for (const row of selectLanded.iterate(agent, fromMs, endMs)) {
        found.push(fromRow(row));
        assertSelectable(found.length);
      }
      for (const next of [
        nextLanded.get(agent, endMs, toMs),
        nextBlock.get(endMs, agent, toMs, endMs, DETAIL.frames),
      ]) {
        nextMs = typeof next === "number" && next < toMs ? Math.min(nextMs ?? next, next) : nextMs;
      }
    }
    found.sort((one, other) => one.capturedMs - other.capturedMs);
    return { batch: toBatch(found), nextMs };
  }

  function readRows(ids: Float64Array): FrameBatch {
    const found: ReadFrame[] = [];
    for (const id of ids) {
      const row = selectFrame.get(id);
      if (row !== undefined) {
        found.push(fromRow(row)); // else the compactor, or retention, was faster
      }
    }
    return toBatch(found);
  }

  function toBatch(frames: readonly ReadFrame[]): FrameBatch {
    const rows: number[] = [];
    const blobs: Uint8Array[] = [];
    const streams: BatchStream[] = [];
    const places = new Map<number, number>();
    let blobEnd = 0;
    for (const frame of frames) {
      const place = places.get(frame.instance) ?? streams.length;
      if (place === streams.length) {
        const stream = selectStream.get(frame.instance);
        if (stream === undefined) {
          continue;
        }
        streams.push(stream);
        places.set(frame.instance, place);
      }
      blobs.push(frame.bytes);
      blobEnd += frame.bytes.length;
      const at = rows.length;
      rows.length += ROW_WIDTH;
      rows[at + ROW.stream] = place;
      rows[at + ROW.sequence] = frame.sequence;
      rows[at + ROW.capturedMs] = frame.capturedMs;
      rows[at + ROW.receivedMs] = frame.receivedMs;
      rows[at + ROW.sampleCount] = frame.sampleCount;
      rows[at + ROW.blobEnd] = blobEnd;
    }
    return { streams, rows: Float64Array.from(rows), blobs: joinBytes(blobs, blobEnd) };
  }

  return {
    selectReceived: db.transaction(selectReceived),
    readRows,
    readBlock: (block) => toBatch(unpack(block, () => true).map(fromStored)),
    // one moment of the file: the compactor moves frames between two of these queries
    readSpan: db.transaction(readSpan),
  };
}

function fromRow(row: FrameRow): ReadFrame {
  return {
    instance: row.instance,
    sequence: row.sequence,
    capturedMs: row.captured_ms,
    receivedMs: row.received_ms,
    sampleCount: row.sample_count,
    bytes: inflateBlob({ encoding: row.encoding, bytes: row.blob }),
  };
}

function fromStored({ instance, receivedMs, wire }: StoredFrame): ReadFrame {
  return {
    instance,
    sequence: Number(wire.sequence),
    capturedMs: Number(wire.capturedAtUnixMs),
    receivedMs,
    sampleCount: wire.sampleSeries.length,
    bytes: toBinary(FrameSchema, wire),
  };
}

function assertSelectable(count: number): void {
  if (count > MAX_SELECTED) {
    throw new EtcdscopeError("LIMIT_EXCEEDED", `Expected a span of at most ${MAX_SELECTED} frames`);
  }
}

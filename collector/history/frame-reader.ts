/** Reads frames back, from where they landed and from blocks, as if there were no difference. On a reader's thread. */
import { toBinary } from "@bufbuild/protobuf";
import { EtcdscopeError } from "../../shared/errors.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { DETAIL } from "./block-writer.ts";
import { BLOCK_MS } from "./compactor.ts";
import type { Db } from "./database.ts";
import type { FactsQuery } from "./history-door.ts";
import { joinBytes } from "./frame-batch.ts";
import { openFrameBlock } from "./frame-block.ts";
import { placedMsOf, type StoredFrame } from "./frame-rest.ts";
import { unpackLanded } from "./landed-pack.ts";
import { fromRow, type FrameRow, type ReadFrame } from "./landed-row.ts";
import {
  ROW,
  ROW_WIDTH,
  type BatchStream,
  type RolledUpNode,
  type FrameBatch,
  type FramePage,
  type LastBefore,
  type Received,
  type Span,
} from "./worker-protocol.ts";

/** Frames in one answer, at most: 8 MB of row ids. */
const MAX_SELECTED = 1_000_000;
/** Time that one page of a span covers. */
const PAGE_MS = 60_000;
/** Blocks that stay inflated for the next page, or the next moment: an hour of a cluster's nodes takes some 3 MB for each. */
const MAX_OPENED_BYTES = 48 * 1024 * 1024;

export interface FrameReader {
  selectReceived(sinceMs: number): Received;
  readRows(ids: Float64Array): FrameBatch;
  readPack(pack: number): FrameBatch;
  readBlock(block: number): FrameBatch;
  readSpan(span: Span): FramePage;
  /** The newest frame that stands before that moment of each node that is asked for. */
  lastBefore(query: FactsQuery): LastBefore;
}

interface BlockRow {
  readonly id: number;
  readonly from_ms: number;
}

/** One in which the newest frame may be. */
interface PlacedRow {
  readonly from_ms: number;
  readonly to_ms: number;
}

interface PackRow extends BlockRow {
  readonly last_id: number;
  readonly frames: number;
}

/** A block, or a pack, inflated once for several readings. */
interface Opened {
  read(isWanted: (placedMs: number) => boolean): readonly ReadFrame[];
  /** Of memory, about. */
  readonly bytes: number;
}

interface BlockParts {
  readonly times: Uint8Array<ArrayBuffer>;
  readonly sample_values: Uint8Array<ArrayBuffer>;
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** What an object for a frame takes beside its bytes. */
const FRAME_BYTES = 250;

const FRAME_COLUMNS = "instance, sequence, captured_ms, received_ms, sample_count, encoding, blob";

export function createFrameReader(db: Db): FrameReader {
  const newestFirst = db.prepare<[], { id: number; received_ms: number }>(
    "SELECT id, received_ms FROM frame ORDER BY id DESC",
  );
  const blocksReceived = db
    .prepare<[number, number], number>(
      `SELECT id FROM block INDEXED BY block_by_receipt
       WHERE received_to_ms >= ? AND detail = ? ORDER BY received_to_ms, id`,
    )
    .pluck();
  const packsReceived = db
    .prepare<[number], number>(
      "SELECT id FROM landed_pack WHERE received_to_ms >= ? ORDER BY received_to_ms, id",
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
  const selectBlocks = db.prepare<[number, number, number, number, number], BlockRow>(
    `SELECT id, from_ms FROM block WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? AND detail = ?
     ORDER BY from_ms, id`,
  );
  // within an hour of the agent's clock, as a block
  const selectPacks = db.prepare<[number, number, number, number], PackRow>(
    `SELECT id, from_ms, last_id, frames FROM landed_pack
     WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? ORDER BY from_ms, id`,
  );
  const selectPack = db.prepare<[number], Uint8Array>("SELECT blob FROM landed_pack WHERE id = ?").pluck();
  const nextPack = db
    .prepare<[number, number, number, number, number], number>(
      `SELECT max(from_ms, ?) FROM landed_pack
       WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? ORDER BY from_ms LIMIT 1`,
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
    .prepare<[number, number, number, number, number, number], number>(
      `SELECT max(from_ms, ?) FROM block INDEXED BY block_by_agent
       WHERE agent = ? AND from_ms >= ? AND from_ms < ? AND to_ms >= ? AND detail = ? ORDER BY from_ms LIMIT 1`,
    )
    .pluck();
  const selectNode = db.prepare<[number], string>("SELECT node FROM agent WHERE id = ?").pluck();
  const lastLanded = db.prepare<[number, number], FrameRow>(
    `SELECT ${FRAME_COLUMNS} FROM frame WHERE agent = ? AND captured_ms < ? ORDER BY captured_ms DESC, id DESC LIMIT 1`,
  );
  // none reaches over more than an hour
  const packsBefore = db.prepare<[number, number, number, number], PackRow & PlacedRow>(
    `SELECT id, from_ms, to_ms, last_id, frames FROM landed_pack WHERE agent = ? AND from_ms < ?
       AND from_ms >= (SELECT max(from_ms) FROM landed_pack WHERE agent = ? AND from_ms < ?) - ${BLOCK_MS}
     ORDER BY from_ms DESC`,
  );
  const blocksBefore = db.prepare<
    [number, number, number, number],
    BlockRow & PlacedRow & { readonly detail: number }
  >(
    `SELECT id, from_ms, to_ms, detail FROM block INDEXED BY block_by_agent WHERE agent = ? AND from_ms < ?
       AND from_ms >= (SELECT max(from_ms) FROM block WHERE agent = ? AND from_ms < ?) - ${BLOCK_MS}
     ORDER BY from_ms DESC`,
  );
  /** The one that was used last is the last. */
  const opened = new Map<string, Opened>();

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
      packs: Float64Array.from(packsReceived.all(sinceMs)),
      blocks: Float64Array.from(blocksReceived.all(sinceMs, DETAIL.frames)),
    };
  }

  function openBlock(block: number): Opened | undefined {
    const parts = selectParts.get(block);
    const found =
      parts && openFrameBlock({ times: parts.times, values: parts.sample_values, rest: parts.rest });
    return found && { read: (isWanted) => found.read(isWanted).map(fromStored), bytes: found.bytes };
  }

  function openPack(pack: number): Opened | undefined {
    const blob = selectPack.get(pack);
    const frames = blob && unpackLanded(blob);
    return (
      frames && {
        read: (isWanted) => frames.filter(({ capturedMs }) => isWanted(capturedMs)),
        bytes: frames.reduce((sum, { bytes }) => sum + bytes.length + FRAME_BYTES, 0),
      }
    );
  }

  // The number alone may come again, when the newest block, or pack, is removed.
  const useBlock = ({ id, from_ms: fromMs }: BlockRow): Opened | undefined =>
    use(`${id}/${fromMs}`, () => openBlock(id));
  const usePack = ({ id, from_ms: fromMs, last_id: lastId, frames }: PackRow): Opened | undefined =>
    use(`pack/${id}/${fromMs}/${lastId}/${frames}`, () => openPack(id));

  function use(key: string, open: () => Opened | undefined): Opened | undefined {
    const found = opened.get(key) ?? open();
    opened.delete(key);
    if (found !== undefined) {
      opened.set(key, found);
    }
    let bytes = [...opened.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const [oldest, one] of opened) {
      if (bytes <= MAX_OPENED_BYTES || oldest === key) {
        break;
      }
      opened.delete(oldest);
      bytes -= one.bytes;
    }
    return found;
  }

  function readSpan({ cluster, fromMs, toMs }: Span): FramePage {
    const endMs = Math.min(toMs, fromMs + PAGE_MS);
    const found: ReadFrame[] = [];
    const isWanted = (placedMs: number): boolean => placedMs >= fromMs && placedMs < endMs;
    let nextMs: number | undefined;
    for (const agent of selectAgents.all(cluster)) {
      for (const block of selectBlocks.all(agent, fromMs - BLOCK_MS, endMs, fromMs, DETAIL.frames)) {
        found.push(...(useBlock(block)?.read(isWanted) ?? []));
        assertSelectable(found.length);
      }
      for (const pack of selectPacks.all(agent, fromMs - BLOCK_MS, endMs, fromMs)) {
        found.push(...(usePack(pack)?.read(isWanted) ?? []));
        assertSelectable(found.length);
      }
      for (const row of selectLanded.iterate(agent, fromMs, endMs)) {
        found.push(fromRow(row));
        assertSelectable(found.length);
      }
      for (const next of [
        nextLanded.get(agent, endMs, toMs),
        nextPack.get(endMs, agent, endMs - BLOCK_MS, toMs, endMs),
        nextBlock.get(endMs, agent, endMs - BLOCK_MS, toMs, endMs, DETAIL.frames),
      ]) {
        nextMs = typeof next === "number" && next < toMs ? Math.min(nextMs ?? next, next) : nextMs;
      }
    }
    found.sort((one, other) => one.capturedMs - other.capturedMs);
    return { batch: toBatch(found), nextMs };
  }

  function lastBefore({ cluster, atMs, silentSinceMs = Infinity }: FactsQuery): LastBefore {
    const frames: ReadFrame[] = [];
    const rolledUp: RolledUpNode[] = [];
    for (const agent of selectAgents.all(cluster)) {
      const row = lastLanded.get(agent, atMs);
      let newest: ReadFrame | undefined = row && fromRow(row);
      // What ends in that time proves that the node was heard, unopened.
      let isHeard = (newest?.capturedMs ?? -1) >= silentSinceMs;
      const look = (one: PlacedRow, use: () => Opened | undefined): void => {
        isHeard ||= one.to_ms >= silentSinceMs && one.to_ms < atMs;
        if (!isHeard && Math.min(one.to_ms, atMs) > (newest?.capturedMs ?? -1)) {
          newest = newestIn(use(), { afterMs: newest?.capturedMs ?? -1, atMs }) ?? newest;
        }
      };
      for (const pack of packsBefore.all(agent, atMs, agent, atMs)) {
        look(pack, () => usePack(pack));
      }
      let rolledUpMs = -1;
      for (const block of blocksBefore.all(agent, atMs, agent, atMs)) {
        if (block.detail === DETAIL.frames) {
          look(block, () => useBlock(block));
        } else {
          rolledUpMs = Math.max(rolledUpMs, block.to_ms < atMs ? block.to_ms : block.from_ms);
        }
      }
      if (isHeard || Math.max(newest?.capturedMs ?? -1, rolledUpMs) >= silentSinceMs) {
        continue;
      }
      if (newest !== undefined && newest.capturedMs >= rolledUpMs) {
        frames.push(newest);
      } else if (rolledUpMs >= 0) {
        rolledUp.push({ node: selectNode.get(agent) ?? "", atMs: rolledUpMs });
      }
    }
    return { batch: toBatch(frames), rolledUp };
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
    readPack: (pack) => toBatch(openPack(pack)?.read(() => true) ?? []),
    readBlock: (block) => toBatch(openBlock(block)?.read(() => true) ?? []),
    // one moment of the file: the compactor moves frames between two of these queries
    readSpan: db.transaction(readSpan),
    lastBefore: db.transaction(lastBefore),
  };
}

/** The newest after one moment and before the other; undefined: none is. */
function newestIn(
  opened: Opened | undefined,
  { afterMs, atMs }: { readonly afterMs: number; readonly atMs: number },
): ReadFrame | undefined {
  let newestMs = afterMs;
  opened?.read((placedMs) => {
    newestMs = placedMs < atMs ? Math.max(newestMs, placedMs) : newestMs;
    return false;
  });
  return newestMs > afterMs ? opened?.read((placedMs) => placedMs === newestMs).at(-1) : undefined;
}

function fromStored(frame: StoredFrame): ReadFrame {
  const { instance, receivedMs, wire } = frame;
  return {
    instance,
    sequence: Number(wire.sequence),
    capturedMs: placedMsOf(frame),
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

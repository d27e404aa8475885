/** Frames ⇄ the columns in which they cross to and from the history's threads. Pure. */
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { FactChanges } from "./fact-changes.ts";
import { decodeBlob } from "./frame-blob.ts";
import type { NameDictionary } from "./name-dictionary.ts";
import type { SeenOfAgent, SeenSeries } from "./seen-series.ts";
import {
  ROW,
  ROW_WIDTH,
  type BatchStream,
  type EventRow,
  type FrameBatch,
  type FrameDocuments,
} from "./worker-protocol.ts";
import { createWaitingFrames, type EncodedFrame, type WaitingFrame } from "./waiting-frame.ts";

export interface PackedFrames {
  readonly batch: FrameBatch;
  /** Pairs of a stream's place and the number of a series that its agent was not known to have. */
  readonly streamSeries: Float64Array<ArrayBuffer>;
  readonly documents: readonly FrameDocuments[];
}

export interface PackContext {
  readonly dictionary: NameDictionary;
  readonly factChanges: FactChanges;
  readonly seenSeries: SeenSeries;
}

export function packFrames(frames: readonly WaitingFrame[], context: PackContext): PackedFrames {
  const waiting = createWaitingFrames();
  const rows = new Float64Array(frames.length * ROW_WIDTH);
  const streams = new Map<string, PackedStream>();
  const streamSeries: number[] = [];
  const documents: FrameDocuments[] = [];
  const encoded = frames.map((frame) => waiting.renumber(frame, context.dictionary));
  let bytes = 0;
  for (const [index, frame] of encoded.entries()) {
    const stream = placeStream(streams, frame, context.seenSeries);
    for (const id of frame.series) {
      if (stream.seen.isNew(id)) {
        streamSeries.push(stream.place, id);
      }
    }
    if (frame.told !== undefined) {
      const news = context.factChanges.of(frame.told);
      const { events } = frame.told.frame;
      if (news.facts.length > 0 || news.onlyKeys !== undefined || events.length > 0) {
        const aheadMs = frame.capturedAtMs - frame.placeMs;
        documents.push({ row: index, news, events: events.map((event) => toEventRow(event, aheadMs)) });
      }
    }
    bytes += frame.to - frame.from;
    const at = index * ROW_WIDTH;
    rows[at + ROW.stream] = stream.place;
    rows[at + ROW.sequence] = Number(frame.sequence);
    rows[at + ROW.capturedMs] = frame.placeMs;
    rows[at + ROW.receivedMs] = frame.receivedAtMs;
    rows[at + ROW.sampleCount] = frame.series.length;
    rows[at + ROW.blobEnd] = bytes;
  }
  const batch = {
    streams: [...streams.values()].map((stream) => stream.name),
    rows,
    blobs: joinEncoded(encoded, bytes),
  };
  return { batch, streamSeries: Float64Array.from(streamSeries), documents };
}

function joinEncoded(frames: readonly EncodedFrame[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const { slab, from, to } of frames) {
    whole.set(slab.view(from, to), at);
    at += to - from;
  }
  return whole;
}

function toEventRow({ atUnixMs, kind, subject, attributes }: Event, aheadMs: number): EventRow {
  // a node may say anything; the column holds what a double can count
  const atMs = Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Number(atUnixMs) - aheadMs));
  return { atMs, kind, subject, attributes };
}

interface PackedStream {
  readonly place: number;
  readonly name: BatchStream;
  readonly seen: SeenOfAgent;
}

function placeStream(
  streams: Map<string, PackedStream>,
  frame: EncodedFrame,
  seenSeries: SeenSeries,
): PackedStream {
  const { agent, instanceId, agentVersion } = frame;
  const key = `${agent.cluster}/${agent.node}/${instanceId}`;
  const known = streams.get(key);
  if (known !== undefined) {
    return known;
  }
  const name: BatchStream = { cluster: agent.cluster, node: agent.node, instanceId, agentVersion };
  const stream: PackedStream = { place: streams.size, name, seen: seenSeries.ofAgent(agent) };
  streams.set(key, stream);
  return stream;
}

/** One buffer of the parts, whose lengths sum up to `length`. */
export function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The inverse. A blob that cannot be read is passed over and counted. */
export function unpackFrames(
  batch: FrameBatch,
  dictionary: NameDictionary,
): { readonly frames: readonly ReceivedFrame[]; readonly unreadable: number } {
  const frames: ReceivedFrame[] = [];
  let unreadable = 0;
  let blobStart = 0;
  for (let at = 0; at < batch.rows.length; at += ROW_WIDTH) {
    const stream = batch.streams[batch.rows[at + ROW.stream] ?? -1];
    const blobEnd = batch.rows[at + ROW.blobEnd] ?? blobStart;
    const blob = batch.blobs.subarray(blobStart, blobEnd);
    blobStart = blobEnd;
    try {
      if (stream !== undefined) {
        frames.push({
          agent: { cluster: stream.cluster, node: stream.node },
          instanceId: stream.instanceId,
          agentVersion: stream.agentVersion,
          receivedAtMs: batch.rows[at + ROW.receivedMs] ?? 0,
          frame: decodeBlob(blob, dictionary.names),
        });
      }
    } catch {
      unreadable += 1;
    }
  }
  return { frames, unreadable };
}

/** Frames ⇄ the columns in which they cross to and from the history's threads. Pure. */
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Event } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { placeMs } from "../../shared/frame-place.ts";
import type { FactChanges } from "./fact-changes.ts";
import { decodeBlob } from "./frame-blob.ts";
import { createFrameBytes } from "./frame-bytes.ts";
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

export function packFrames(frames: readonly ReceivedFrame[], context: PackContext): PackedFrames {
  const rows = new Float64Array(frames.length * ROW_WIDTH);
  const encoded = createFrameBytes();
  const streams = new Map<string, PackedStream>();
  const streamSeries: number[] = [];
  const documents: FrameDocuments[] = [];
  for (const [index, received] of frames.entries()) {
    const stream = placeStream(streams, received, context.seenSeries);
    const numbering = context.dictionary.ofAgent(received.agent, received.receivedAtMs);
    const series = encoded.append(received.frame, numbering);
    for (const id of series) {
      if (stream.seen.isNew(id)) {
        streamSeries.push(stream.place, id);
      }
    }
    const news = context.factChanges.of(received);
    const { events } = received.frame;
    if (news.facts.length > 0 || news.onlyKeys !== undefined || events.length > 0) {
      const aheadMs = received.frame.capturedAtMs - placeMs(received.frame);
      documents.push({ row: index, news, events: events.map((event) => toEventRow(event, aheadMs)) });
    }
    const at = index * ROW_WIDTH;
    rows[at + ROW.stream] = stream.place;
    rows[at + ROW.sequence] = Number(received.frame.sequence);
    rows[at + ROW.capturedMs] = placeMs(received.frame);
    rows[at + ROW.receivedMs] = received.receivedAtMs;
    rows[at + ROW.sampleCount] = series.length;
    rows[at + ROW.blobEnd] = encoded.length();
  }
  const batch = {
    streams: [...streams.values()].map((stream) => stream.name),
    rows,
    blobs: encoded.bytes(),
  };
  return { batch, streamSeries: Float64Array.from(streamSeries), documents };
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
  received: ReceivedFrame,
  seenSeries: SeenSeries,
): PackedStream {
  const { agent, instanceId, agentVersion } = received;
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

/**
 * What waits for its commit: a frame in the bytes in which it will be stored. As the objects that it came as it would be seven times
 * as large, and, with thousands of agents, much of what a collection of garbage finds alive.
 */
import type { ReceivedFrame } from "../../shared/frame.ts";
import { placeMs } from "../../shared/frame-place.ts";
import type { ToldFrame } from "./fact-changes.ts";
import { decodeBlob } from "./frame-blob.ts";
import { createFrameBytes, type FrameBytes } from "./frame-bytes.ts";
import type { NameDictionary } from "./name-dictionary.ts";

/** Bytes that are set aside at once, for some hundred frames; they go when the last of these has gone. */
const SLAB_BYTES = 256 * 1024;
/** With less than this left of them a frame goes into the next: a keyframe has some 10 KiB. */
const SPARE_BYTES = 16 * 1024;

export interface EncodedFrame extends Omit<ReceivedFrame, "frame"> {
  readonly sequence: bigint;
  readonly capturedAtMs: number;
  readonly placeMs: number;
  /** Of its samples, as the dictionary numbers them. */
  readonly series: readonly number[];
  readonly dictionary: NameDictionary;
  /** Its bytes are [from, to) of these. */
  readonly slab: FrameBytes;
  readonly from: number;
  readonly to: number;
  /** Where it has facts or events, or may end some. */
  readonly told: ToldFrame | undefined;
}

/** As received, where there was no dictionary yet. */
export type WaitingFrame = ReceivedFrame | EncodedFrame;

/** Frames that go by another order have their slabs apart: one that waits for long keeps the whole of its own. */
export type WaitingLane = "live" | "kept";

export interface WaitingFrames {
  encode(received: ReceivedFrame, dictionary: NameDictionary): EncodedFrame;
  /** Under the numbers of this dictionary: the file may have become another since. */
  renumber(waiting: WaitingFrame, dictionary: NameDictionary): EncodedFrame;
}

export function createWaitingFrames(): WaitingFrames {
  let slab = createFrameBytes();

  function encode(received: ReceivedFrame, dictionary: NameDictionary): EncodedFrame {
    const { agent, instanceId, agentVersion, receivedAtMs, frame } = received;
    if (slab.length() > SLAB_BYTES - SPARE_BYTES) {
      slab = createFrameBytes(SLAB_BYTES);
    }
    const from = slab.length();
    const series = slab.append(frame, dictionary.ofAgent(agent, receivedAtMs));
    return {
      agent,
      instanceId,
      agentVersion,
      receivedAtMs,
      sequence: frame.sequence,
      capturedAtMs: frame.capturedAtMs,
      placeMs: placeMs(frame),
      series,
      dictionary,
      slab,
      from,
      to: slab.length(),
      told: tell(received),
    };
  }

  function renumber(waiting: WaitingFrame, dictionary: NameDictionary): EncodedFrame {
    if ("frame" in waiting) {
      return encode(waiting, dictionary);
    }
    return waiting.dictionary === dictionary ? waiting : encode(asReceived(waiting), dictionary);
  }

  return { encode, renumber };
}

function tell({ agent, instanceId, frame }: ReceivedFrame): ToldFrame | undefined {
  const { sequence, keyframe, capturedAtMs, clockOffset, facts, events } = frame;
  return keyframe || facts.length > 0 || events.length > 0
    ? { agent, instanceId, frame: { sequence, keyframe, capturedAtMs, clockOffset, facts, events } }
    : undefined;
}

function asReceived(waiting: EncodedFrame): ReceivedFrame {
  const { agent, instanceId, agentVersion, receivedAtMs, slab, from, to, dictionary } = waiting;
  const frame = decodeBlob(slab.bytes(from, to), dictionary.names);
  return { agent, instanceId, agentVersion, receivedAtMs, frame };
}

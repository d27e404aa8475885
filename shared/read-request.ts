/**
 * A ConnectRequest that carries frames, read by hand: what every frame of every agent costs. Whatever is not as usual is left
 * to the library, which also says what is wrong with bytes that are no message. Pure; a test holds it against the library.
 */
import { create, fromBinary } from "@bufbuild/protobuf";
import { EtcdscopeError } from "./errors.ts";
import { keepWire, type FactMemory } from "./fact-memory.ts";
import type { Fact } from "./gen/etcdscope/v1/fact_pb.js";
import { decodeMessage } from "./grpc.ts";
import {
  ConnectRequestSchema,
  FrameSchema,
  ProbeRunSchema,
  type ConnectRequest,
  type Frame,
  type Outcome,
  type ProbeRun,
} from "./gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "./limits.ts";

/** ConnectRequest.frame */
const FRAME_TAG = (2 << 3) | 2;
/** ConnectRequest.frame_batch */
const BATCH_TAG = (4 << 3) | 2;
/** FrameBatch.frames */
const FRAME_OF_BATCH_TAG = (1 << 3) | 2;

export interface SizedRequest {
  readonly request: ConnectRequest;
  /** What it took on the wire, at most. */
  readonly bytes: number;
}

/**
 * What a message says, one thing after the other: a batch says as much as its frames. Throws PROTOCOL_ERROR when the bytes hold no
 * message, LIMIT_EXCEEDED when they hold too many frames. `facts` is the stream's.
 */
export function readRequests(bytes: Uint8Array, facts: FactMemory): readonly SizedRequest[] {
  const frames = readFrameRequest(bytes, facts) ?? readBatchRequest(bytes, facts);
  if (frames !== undefined) {
    return frames;
  }
  const request = decodeMessage(ConnectRequestSchema, bytes);
  if (request.message.case !== "frameBatch") {
    return [{ request, bytes: bytes.length }];
  }
  const batch = request.message.value.frames;
  if (batch.length === 0) {
    // a message all the same: where a hello is expected it is out of place
    return [{ request, bytes: bytes.length }];
  }
  if (batch.length > LIMITS.framesPerBatch) {
    throw tooManyFrames();
  }
  return batch.map((frame) => sized(frame, bytes.length));
}

function sized(frame: Frame, bytes: number): SizedRequest {
  return {
    request: { $typeName: "etcdscope.v1.ConnectRequest", message: { case: "frame", value: frame } },
    bytes,
  };
}

function tooManyFrames(): EtcdscopeError {
  return new EtcdscopeError(
    "LIMIT_EXCEEDED",
    `Expected at most ${LIMITS.framesPerBatch} frames in one message, got more`,
  );
}

/** Where reading is, in bytes of a message. */
interface Place {
  readonly bytes: Uint8Array;
  readonly facts: FactMemory;
  at: number;
  /** Something was met that is not read here. */
  isUnusual: boolean;
}

function readFrameRequest(bytes: Uint8Array, facts: FactMemory): readonly SizedRequest[] | undefined {
  const place: Place = { bytes, facts, at: 1, isUnusual: false };
  if (bytes[0] !== FRAME_TAG) {
    return undefined;
  }
  const end = readEnd(place);
  if (place.isUnusual || end !== bytes.length) {
    return undefined;
  }
  const frame = readFrame(place);
  return place.isUnusual ? undefined : [sized(frame, bytes.length)];
}

function readBatchRequest(bytes: Uint8Array, facts: FactMemory): readonly SizedRequest[] | undefined {
  const place: Place = { bytes, facts, at: 1, isUnusual: false };
  if (bytes[0] !== BATCH_TAG || readEnd(place) !== bytes.length) {
    return undefined;
  }
  const frames: SizedRequest[] = [];
  while (place.at < bytes.length && !place.isUnusual) {
    place.isUnusual = bytes[place.at++] !== FRAME_OF_BATCH_TAG;
    const end = readEnd(place);
    const inner: Place = { bytes: bytes.subarray(place.at, end), facts, at: 0, isUnusual: place.isUnusual };
    const frame = readFrame(inner);
    place.isUnusual ||= inner.isUnusual;
    place.at = end;
    frames.push(sized(frame, inner.bytes.length));
    if (frames.length > LIMITS.framesPerBatch) {
      throw tooManyFrames();
    }
  }
  return place.isUnusual || frames.length === 0 ? undefined : frames;
}

function readFrame(place: Place): Frame {
  const { bytes } = place;
  const frame: Frame = {
    $typeName: "etcdscope.v1.Frame",
    sequence: 0n,
    capturedAtUnixMs: 0n,
    monotonicUs: 0n,
    keyframe: false,
    series: [],
    probes: [],
    sampleSeries: [],
    sampleValues: [],
    facts: [],
    events: [],
    probeRuns: [],
    droppedTotal: 0n,
    clockRoundTripUs: 0,
    waiting: 0n,
  };
  const wire: Uint8Array[] = [];
  while (place.at < bytes.length && !place.isUnusual) {
    const from = place.at;
    const tag = readVarint(place);
    switch (tag) {
      case 1 << 3:
        frame.sequence = BigInt(readVarint(place));
        break;
      case 2 << 3:
        frame.capturedAtUnixMs = BigInt(readVarint(place));
        break;
      case 3 << 3:
        frame.monotonicUs = BigInt(readVarint(place));
        break;
      case 4 << 3:
        frame.keyframe = readVarint(place) !== 0;
        break;
      case (7 << 3) | 2:
        readSeries(place, frame.sampleSeries);
        break;
      case (8 << 3) | 2:
        readValues(place, frame.sampleValues);
        break;
      case (11 << 3) | 2:
        frame.probeRuns.push(readRun(place));
        break;
      case 12 << 3:
        frame.droppedTotal = BigInt(readVarint(place));
        break;
      case 13 << 3: {
        const zigzag = readVarint(place);
        frame.clockOffsetUs = BigInt(zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2);
        break;
      }
      case 14 << 3:
        frame.clockRoundTripUs = readUint32(place);
        break;
      case 16 << 3:
        frame.waiting = BigInt(readVarint(place));
        break;
      case (9 << 3) | 2:
        readFact(place, frame.facts, wire);
        break;
      case (5 << 3) | 2:
      case (6 << 3) | 2:
      case (10 << 3) | 2:
        readRare(place, frame, from);
        break;
      default:
        place.isUnusual = true;
    }
  }
  if (wire.length > 0) {
    keepWire(frame.facts, wire);
  }
  return frame;
}

/** One definition or event: a message of its own with this one field, which the library reads. */
function readRare(place: Place, frame: Frame, from: number): void {
  const end = readEnd(place);
  place.at = end;
  if (place.isUnusual) {
    return;
  }
  try {
    const part = fromBinary(FrameSchema, place.bytes.subarray(from, end));
    frame.series.push(...part.series);
    frame.probes.push(...part.probes);
    frame.events.push(...part.events);
  } catch {
    place.isUnusual = true; // read again by the library as a whole, which tells what is wrong
  }
}

function readFact(place: Place, into: Fact[], wire: Uint8Array[]): void {
  const end = readEnd(place);
  const bytes = place.bytes.subarray(place.at, end);
  place.at = end;
  try {
    into.push(place.facts.read(bytes));
    wire.push(bytes);
  } catch {
    place.isUnusual = true; // as above
  }
}

function readSeries(place: Place, into: number[]): void {
  const end = readEnd(place);
  while (place.at < end && !place.isUnusual) {
    into.push(readUint32(place));
  }
  place.isUnusual ||= place.at !== end;
}

function readValues(place: Place, into: number[]): void {
  const end = readEnd(place);
  if (place.isUnusual || (end - place.at) % 8 !== 0) {
    place.isUnusual = true;
    return;
  }
  const { bytes } = place;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (; place.at < end; place.at += 8) {
    into.push(view.getFloat64(place.at, true));
  }
}

function readRun(place: Place): ProbeRun {
  const { bytes } = place;
  const run: ProbeRun = {
    $typeName: "etcdscope.v1.ProbeRun",
    probeId: 0,
    outcome: 0,
    durationUs: 0,
    errorCode: "",
    errorText: "",
    ageMs: 0,
  };
  const from = place.at;
  const end = readEnd(place);
  while (place.at < end && !place.isUnusual) {
    switch (bytes[place.at++]) {
      case 1 << 3:
        run.probeId = readUint32(place);
        break;
      case 2 << 3:
        run.outcome = readUint32(place) as Outcome;
        break;
      case 3 << 3:
        run.durationUs = readUint32(place);
        break;
      case 6 << 3:
        run.ageMs = readUint32(place);
        break;
      default:
        return readRunWithText(place, from);
    }
  }
  place.isUnusual ||= place.at !== end;
  return run;
}

/** One that failed says why. */
function readRunWithText(place: Place, from: number): ProbeRun {
  place.at = from;
  const end = readEnd(place);
  const start = place.at;
  place.at = end;
  try {
    return fromBinary(ProbeRunSchema, place.bytes.subarray(start, end));
  } catch {
    place.isUnusual = true;
    return create(ProbeRunSchema);
  }
}

/** The end of what has its length before it. */
function readEnd(place: Place): number {
  const length = readVarint(place);
  const end = place.at + length;
  place.isUnusual ||= end > place.bytes.length;
  return place.isUnusual ? place.at : end;
}

function readUint32(place: Place): number {
  const value = readVarint(place);
  place.isUnusual ||= value > 0xffff_ffff;
  return value;
}

/** Up to 2^53; what is larger, or negative, is unusual. */
function readVarint(place: Place): number {
  const { bytes } = place;
  let byte = bytes[place.at++] ?? 255;
  if (byte < 128) {
    return byte;
  }
  let value = byte & 127;
  let factor = 128;
  do {
    const next = bytes[place.at++];
    if (next === undefined || factor > 2 ** 49) {
      place.isUnusual = true;
      return 0;
    }
    byte = next;
    value += (byte & 127) * factor;
    factor *= 128;
  } while (byte >= 128);
  place.isUnusual ||= value > Number.MAX_SAFE_INTEGER;
  return value;
}

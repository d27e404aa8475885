/**
 * Frames → the wire's Frame message, written by hand into one buffer: what every frame of every agent costs. Facts that came over
 * the wire go on in the bytes in which they came; others, events and losses, which few frames have, are left to the library. Pure; a
 * test holds it against the library.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import type { Frame, ProbeRunRecord } from "../../shared/frame.ts";
import { numberFrame, type Numbering } from "../../shared/frame-codec.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { findWire } from "../../shared/fact-memory.ts";
import { createByteWriter, type ByteWriter } from "./bytes.ts";

/** Field number and wire type (0 varint, 1 64 bits, 2 with a length), as the wire has them before each field. */
const TAG = {
  sequence: (1 << 3) | 0,
  capturedAtUnixMs: (2 << 3) | 0,
  monotonicUs: (3 << 3) | 0,
  keyframe: (4 << 3) | 0,
  sampleSeries: (7 << 3) | 2,
  sampleValues: (8 << 3) | 2,
  facts: (9 << 3) | 2,
  probeRuns: (11 << 3) | 2,
  droppedTotal: (12 << 3) | 0,
  clockOffsetUs: (13 << 3) | 0,
  clockRoundTripUs: (14 << 3) | 0,
  waiting: (16 << 3) | 0,
} as const;

const RUN_TAG = {
  probeId: (1 << 3) | 0,
  outcome: (2 << 3) | 0,
  durationUs: (3 << 3) | 0,
  errorCode: (4 << 3) | 2,
  errorText: (5 << 3) | 2,
  ageMs: (6 << 3) | 0,
} as const;

const MAX_UINT32 = 0xffff_ffff;

/** Those of all its frames, one after the other. */
export interface FrameBytes extends Pick<ByteWriter, "length" | "bytes" | "view"> {
  /** Writes one more frame; the numbers of its samples' series. */
  append(frame: Frame, numbering: Numbering): readonly number[];
}

/** `capacity`: bytes that are set aside at once. */
export function createFrameBytes(capacity?: number): FrameBytes {
  const writer = createByteWriter(capacity);

  function number(tag: number, value: number): void {
    if (value !== 0) {
      writer.varint(tag);
      writer.varint(value);
    }
  }

  function append(frame: Frame, numbering: Numbering): readonly number[] {
    if (!isUsual(frame)) {
      const wire = numberFrame(frame, numbering);
      writer.raw(toBinary(FrameSchema, wire));
      return wire.sampleSeries;
    }
    number(TAG.sequence, Number(frame.sequence));
    number(TAG.capturedAtUnixMs, Math.round(frame.capturedAtMs));
    number(TAG.monotonicUs, Math.round(frame.monotonicUs));
    number(TAG.keyframe, frame.keyframe ? 1 : 0);
    const series = appendSamples(frame, numbering);
    for (const run of frame.probeRuns) {
      const probe = numbering.probe(run.probe, run.target);
      if (probe !== 0) {
        appendRun(probe, run);
      }
    }
    number(TAG.droppedTotal, Number(frame.droppedTotal));
    const { clockOffset } = frame;
    if (clockOffset !== undefined) {
      const offsetUs = Math.round(clockOffset.offsetUs);
      writer.varint(TAG.clockOffsetUs);
      writer.signed(offsetUs);
      number(TAG.clockRoundTripUs, uint32(clockOffset.roundTripUs));
    }
    if (frame.waiting !== undefined && frame.waiting !== 0) {
      // a field number above 15 takes two bytes
      writer.varint(TAG.waiting);
      writer.varint(frame.waiting);
    }
    appendDocuments(frame);
    return series;
  }

  function appendDocuments({ facts, events }: Frame): void {
    const wire = findWire(facts);
    for (const bytes of wire ?? []) {
      writer.varint(TAG.facts);
      writer.block(bytes);
    }
    const made = wire === undefined ? [...facts] : [];
    if (made.length > 0 || events.length > 0) {
      const documents = create(FrameSchema, { facts: made, events: [...events] });
      writer.raw(toBinary(FrameSchema, documents));
    }
  }

  function appendSamples({ samples }: Frame, numbering: Numbering): readonly number[] {
    const series: number[] = [];
    const kept: number[] = [];
    let bytes = 0;
    for (const { key, value } of samples) {
      const id = numbering.series(key);
      if (id !== 0) {
        series.push(id);
        kept.push(value);
        bytes += varintBytes(id);
      }
    }
    if (series.length > 0) {
      writer.varint(TAG.sampleSeries);
      writer.varint(bytes);
      series.forEach((id) => writer.varint(id));
      writer.varint(TAG.sampleValues);
      writer.varint(8 * kept.length);
      kept.forEach((value) => writer.float64(value));
    }
    return series;
  }

  function appendRun(probe: number, run: ProbeRunRecord): void {
    const durationUs = uint32(run.durationUs);
    const ageMs = uint32(run.ageMs);
    const code = run.errorCode === "" ? undefined : Buffer.from(run.errorCode);
    const text = run.errorText === "" ? undefined : Buffer.from(run.errorText);
    writer.varint(TAG.probeRuns);
    writer.varint(
      fieldBytes(probe) +
        fieldBytes(run.outcome) +
        fieldBytes(durationUs) +
        fieldBytes(ageMs) +
        blockBytes(code) +
        blockBytes(text),
    );
    number(RUN_TAG.probeId, probe);
    number(RUN_TAG.outcome, run.outcome);
    number(RUN_TAG.durationUs, durationUs);
    if (code !== undefined) {
      writer.varint(RUN_TAG.errorCode);
      writer.block(code);
    }
    if (text !== undefined) {
      writer.varint(RUN_TAG.errorText);
      writer.block(text);
    }
    number(RUN_TAG.ageMs, ageMs);
  }

  return { ...writer, append };
}

/** Numbers that a double and a varint hold alike; what else there is goes through the library. */
function isUsual(frame: Frame): boolean {
  return (
    frame.loss === undefined &&
    isCount(frame.capturedAtMs) &&
    isCount(frame.monotonicUs) &&
    isCount(Number(frame.sequence)) &&
    isCount(Number(frame.droppedTotal)) &&
    isCount(frame.waiting ?? 0) &&
    Math.abs(frame.clockOffset?.offsetUs ?? 0) < 2 ** 51
  );
}

function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function uint32(value: number): number {
  return Math.min(MAX_UINT32, Math.max(0, Math.round(value) || 0));
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes += 1;
  }
  return bytes;
}

/** With its tag of one byte; what is zero is not written. */
function fieldBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function blockBytes(bytes: Uint8Array | undefined): number {
  return bytes === undefined ? 0 : 1 + varintBytes(bytes.length) + bytes.length;
}

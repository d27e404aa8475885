/** Frames that a real agent sent, as bytes that a load can send on. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import type { Frame } from "../../shared/frame.ts";
import { createFrameDecoder, createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema, type Frame as WireFrame } from "../../shared/gen/etcdscope/v1/stream_pb.js";

/** The nodes whose agents were recorded beside each other, one of each member of a cluster. */
export const RECORDED_NODES = ["m1", "m2", "m3"] as const;
export type RecordedNode = (typeof RECORDED_NODES)[number];

/** Length (four bytes, little end first) and wire frame, one after the other, with the definitions of one stream. */
export function recordedFile(node: RecordedNode): string {
  return join(import.meta.dirname, `../fixture/bench/frames-${node}.zst`);
}

/** What record-frames.ts recorded: one agent's frames, a second apart, oldest first. */
export function readRealFrames(node: RecordedNode): readonly Frame[] {
  const bytes = zstdDecompressSync(readFileSync(recordedFile(node)));
  const decoder = createFrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    frames.push(decoder.decode(fromBinary(FrameSchema, bytes.subarray(at + 4, end))));
    at = end;
  }
  return frames;
}

/** From the first keyframe on: what a stream begins with. */
export function fromKeyframe<F extends { readonly keyframe: boolean }>(frames: readonly F[]): readonly F[] {
  return frames.slice(
    Math.max(
      0,
      frames.findIndex(({ keyframe }) => keyframe),
    ),
  );
}

/** Joins the samples of as many frames in a row as it takes: fewer, larger frames. */
export function widen(frames: readonly Frame[], samples: number): readonly Frame[] {
  return frames.map((frame, index) => {
    const joined = frames
      .slice(index)
      .concat(frames)
      .flatMap((one) => one.samples)
      .slice(0, samples);
    return { ...frame, samples: joined };
  });
}

export interface FrameTemplates {
  readonly samples: (index: number) => number;
  /** Whether its agent would send it at once. */
  readonly isUrgent: (index: number) => boolean;
  /** The wire's Frame message: the frame of that index, numbered, captured now. Index 0 defines every series. */
  readonly frame: (index: number, sequence: number, nowMs: number) => Uint8Array;
}

/** Encoded once; only numbers and times are put before each. */
export function createTemplates(frames: readonly Frame[]): FrameTemplates {
  const encoder = createFrameEncoder();
  const all = frames.flatMap((frame) => frame.samples);
  const first = frames[0];
  if (first === undefined) {
    throw new Error("Expected frames");
  }
  const definitions = encoder.encode({
    ...first,
    samples: all,
    probeRuns: frames.flatMap(({ probeRuns }) => probeRuns),
  });
  const bodies = frames.map((frame, index) => {
    const wire = encoder.encode(frame);
    return bodyOf(index === 0 ? { ...wire, series: definitions.series, probes: definitions.probes } : wire);
  });
  const counts = frames.map((frame) => frame.samples.length);
  const urgent = frames.map(
    ({ keyframe, facts, events }) => events.length > 0 || (!keyframe && facts.length > 0),
  );
  return {
    samples: (index) => counts[index % counts.length] ?? 0,
    isUrgent: (index) => urgent[index % urgent.length] === true,
    frame: (index, sequence, nowMs) => {
      const head = toBinary(
        FrameSchema,
        create(FrameSchema, {
          sequence: BigInt(sequence),
          capturedAtUnixMs: BigInt(Math.floor(nowMs)),
          monotonicUs: BigInt(Math.floor(nowMs)) * 1000n,
        }),
      );
      // one message: protobuf joins what comes in parts
      return Buffer.concat([head, bodies[index % bodies.length] ?? Buffer.alloc(0)]);
    },
  };
}

function bodyOf(wire: WireFrame): Buffer {
  const bare = { ...wire, sequence: 0n, capturedAtUnixMs: 0n, monotonicUs: 0n };
  return Buffer.from(toBinary(FrameSchema, create(FrameSchema, bare)));
}

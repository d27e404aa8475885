/** Frames that a real agent sent, as bytes that a load can send on: from the history in test/fixture/history. */
import { create, toBinary } from "@bufbuild/protobuf";
import { copyFixture } from "../collector/history/v1-fixture.ts";
import { createHistory } from "../../collector/history/history.ts";
import { systemClock } from "../../shared/clock.ts";
import type { Frame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  FrameSchema,
  type Frame as WireFrame,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { createTestLog } from "../collector/ingest/test-frames.ts";

/** One agent's frames, a second apart, oldest first. */
export async function readRealFrames(node: string): Promise<readonly Frame[]> {
  const fixture = copyFixture();
  const history = createHistory({
    path: fixture.path,
    rawMs: 1e13,
    maxBytes: 1e9,
    clock: systemClock,
    log: createTestLog(),
  });
  try {
    await history.start();
    const all = await history.frames("lab", 0, 2e12);
    return all.filter(({ agent }) => agent.node === node).map(({ frame }) => frame);
  } finally {
    await history.close();
    fixture.remove();
  }
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
  /** A whole request: the frame of that index, numbered, captured now. Index 0 defines every series. */
  readonly request: (index: number, sequence: number, nowMs: number) => Uint8Array;
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
  return {
    samples: (index) => counts[index % counts.length] ?? 0,
    request: (index, sequence, nowMs) => {
      const head = toBinary(
        FrameSchema,
        create(FrameSchema, {
          sequence: BigInt(sequence),
          capturedAtUnixMs: BigInt(Math.floor(nowMs)),
          monotonicUs: BigInt(Math.floor(nowMs)) * 1000n,
        }),
      );
      // one message: protobuf joins what comes in parts
      const frame = Buffer.concat([head, bodies[index % bodies.length] ?? Buffer.alloc(0)]);
      return Buffer.concat([requestHead(frame.length), frame]);
    },
  };
}

function bodyOf(wire: WireFrame): Buffer {
  const bare = { ...wire, sequence: 0n, capturedAtUnixMs: 0n, monotonicUs: 0n };
  return Buffer.from(toBinary(FrameSchema, create(FrameSchema, bare)));
}

/** The tag of ConnectRequest's frame and its length. */
function requestHead(length: number): Buffer {
  const { number } = ConnectRequestSchema.field["frame"] ?? { number: 2 };
  const bytes = [(number << 3) | 2];
  let rest = length;
  for (; rest >= 128; rest >>>= 7) {
    bytes.push((rest & 127) | 128);
  }
  return Buffer.from([...bytes, rest]);
}

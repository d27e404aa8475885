import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFactMemory } from "../../shared/fact-memory.ts";
import { FactSchema } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import { wrapFrames } from "../../agent/stream/wrap-frames.ts";
import {
  ConnectRequestSchema,
  FrameSchema,
  type ConnectRequest,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";
import { readRequests } from "../../shared/read-request.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const count = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const run = fc.record({
  probeId: uint32,
  outcome: fc.integer({ min: 0, max: 4 }),
  durationUs: uint32,
  errorCode: fc.constantFrom("", "refused"),
  errorText: fc.constantFrom("", "Connection refused 拒绝"),
  ageMs: uint32,
});
const frame = fc.record({
  sequence: count,
  capturedAtUnixMs: fc.bigInt({ min: -5n, max: 2n ** 62n }),
  monotonicUs: count,
  keyframe: fc.boolean(),
  sampleSeries: fc.array(uint32, { maxLength: 20 }),
  sampleValues: fc.array(fc.double(), { maxLength: 20 }),
  probeRuns: fc.array(run, { maxLength: 4 }),
  droppedTotal: count,
  clockOffsetUs: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
  clockRoundTripUs: uint32,
  waiting: count,
  series: fc.array(fc.record({ id: uint32, metric: fc.string() }), { maxLength: 2 }),
  probes: fc.array(fc.record({ id: uint32, probe: fc.string(), target: fc.string() }), { maxLength: 2 }),
  loss: fc.option(fc.record({ frames: count, reason: fc.string() }), { nil: undefined }),
});

describe("shared/read-request", { timeout: 30_000 }, () => {
  it("takes an empty batch for the message that it is, so that one before the hello is refused", () => {
    const bytes = toBinary(
      ConnectRequestSchema,
      create(ConnectRequestSchema, { message: { case: "frameBatch", value: {} } }),
    );
    expect(readRequests(bytes, createFactMemory()).map(({ request }) => request.message.case)).toEqual([
      "frameBatch",
    ]);
  });

  it("reads what the library reads", () => {
    fc.assert(
      fc.property(frame, fc.boolean(), ({ loss, ...init }, hasFact) => {
        const facts = hasFact ? [create(FactSchema, { key: "process", removed: true })] : [];
        const value = create(FrameSchema, {
          ...init,
          facts,
          ...(loss === undefined ? {} : { loss }),
        } as never);
        const bytes = toBinary(
          ConnectRequestSchema,
          create(ConnectRequestSchema, { message: { case: "frame", value } }),
        );
        expect(toPlain(readOne(bytes))).toEqual(toPlain(fromBinary(ConnectRequestSchema, bytes)));
      }),
      { numRuns: 60 },
    );
  });

  it("says of any bytes what the library says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (rest, isFrame) => {
        const bytes = isFrame ? Uint8Array.of(18, rest.length, ...rest) : rest;
        const ours = attempt(() => readOne(bytes));
        const theirs = attempt(() => fromBinary(ConnectRequestSchema, bytes));
        expect(ours === undefined).toBe(theirs === undefined);
        if (ours !== undefined && theirs !== undefined) {
          expect(toBinary(ConnectRequestSchema, ours)).toEqual(toBinary(ConnectRequestSchema, theirs));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("reads a batch as its frames, one after the other, however they are written", () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 2, maxLength: 4 }), (inits) => {
        const values = inits.map(({ loss, ...init }) =>
          create(FrameSchema, { ...init, ...(loss === undefined ? {} : { loss }) } as never),
        );
        const encoded = values.map((value) => toBinary(FrameSchema, value));
        const bytes = wrapFrames(encoded);
        const { message } = fromBinary(ConnectRequestSchema, bytes);
        expect(message.case === "frameBatch" ? message.value.frames.length : 0).toBe(values.length);
        const read = readRequests(bytes, createFactMemory()).map(({ request }) => request.message.value);
        expect(toPlain(read)).toEqual(toPlain(encoded.map((one) => fromBinary(FrameSchema, one))));
      }),
      { numRuns: 60 },
    );
  });

  it("says how long each frame of a batch is, and refuses more frames than a batch may have", () => {
    const small = toBinary(FrameSchema, create(FrameSchema, { sequence: 7n }));
    const large = toBinary(FrameSchema, create(FrameSchema, { sequence: 8n, sampleSeries: [1, 2, 3, 4] }));
    expect(readRequests(wrapFrames([small, large]), createFactMemory()).map(({ bytes }) => bytes)).toEqual([
      small.length,
      large.length,
    ]);
    const most = Array.from({ length: LIMITS.framesPerBatch }, () => small);
    expect(readRequests(wrapFrames(most), createFactMemory())).toHaveLength(LIMITS.framesPerBatch);
    expect(() => readRequests(wrapFrames([...most, small]), createFactMemory())).toThrow(
      "at most 256 frames",
    );
    // a field that only the library reads
    const unusual = [...most, toBinary(FrameSchema, create(FrameSchema, { loss: { frames: 1n } }))];
    expect(() => readRequests(wrapFrames(unusual), createFactMemory())).toThrow("at most 256 frames");
  });
});

function readOne(bytes: Uint8Array): ConnectRequest {
  const requests = readRequests(bytes, createFactMemory());
  const [first] = requests;
  return requests.length === 1 && first !== undefined
    ? first.request
    : create(ConnectRequestSchema, {
        message: {
          case: "frameBatch",
          value: {
            frames: requests.flatMap(({ request: { message } }) =>
              message.case === "frame" ? [message.value] : [],
            ),
          },
        },
      });
}

/** Without what only the library's own messages have. */
function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(toPlain);
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toPlain(inner)]))
    : value;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBlob } from "../../../collector/history/frame-blob.ts";
import { createFrameBytes } from "../../../collector/history/frame-bytes.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import type { Frame } from "../../../shared/frame.ts";
import { nameFrame, numberFrame } from "../../../shared/frame-codec.ts";
import { FrameSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { testFrame } from "../ingest/test-frames.ts";

const count = fc.oneof(fc.nat(300), fc.maxSafeInteger().map(Math.abs));
const run = fc.record({
  probe: fc.constantFrom("status", "link"),
  target: fc.string({ maxLength: 5 }),
  outcome: fc.integer({ min: 1, max: 4 }),
  durationUs: fc.oneof(fc.nat(100_000), fc.double({ min: 0, max: 1e10, noNaN: true })),
  errorCode: fc.constantFrom("", "refused"),
  errorText: fc.constantFrom("", "Connection refused 拒绝"),
  ageMs: fc.nat(60_000),
});
const sample = fc.record({ key: fc.nat(400).map((i) => `m${i}`), value: fc.double() });
const overrides: fc.Arbitrary<Partial<Frame>> = fc.record({
  sequence: count.map(BigInt),
  capturedAtMs: fc.oneof(count, fc.constant(-5)),
  monotonicUs: count,
  keyframe: fc.boolean(),
  samples: fc.array(sample, { maxLength: 200 }),
  probeRuns: fc.array(run, { maxLength: 5 }),
  droppedTotal: count.map(BigInt),
  waiting: fc.option(fc.nat(), { nil: undefined }),
  loss: fc.option(fc.constant({ frames: 3, fromMs: 1, toMs: 2, reason: "too_old" }), { nil: undefined }),
});

describe("collector/history/frame-bytes", () => {
  it("writes what the library would read as the same frame", () => {
    fc.assert(
      fc.property(overrides, (given) => {
        const frame = testFrame(1n, given);
        const dictionary = createNameDictionary({ series: [], probes: [] });
        const bytes = createFrameBytes();
        const series = bytes.append(frame, dictionary);
        const wire = numberFrame(frame, dictionary);
        expect(decodeBlob(bytes.bytes(), dictionary.names)).toEqual(nameFrame(wire, dictionary.names));
        expect(bytes.length()).toBe(toBinary(FrameSchema, wire).length);
        expect(series).toEqual(wire.sampleSeries);
      }),
      { numRuns: 150 },
    );
  });
});

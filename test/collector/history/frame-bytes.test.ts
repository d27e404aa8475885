import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBlob } from "../../../collector/history/frame-blob.ts";
import { createFrameBytes } from "../../../collector/history/frame-bytes.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { createFactMemory, findWire, keepWire } from "../../../shared/fact-memory.ts";
import type { Frame } from "../../../shared/frame.ts";
import { nameFrame, numberFrame } from "../../../shared/frame-codec.ts";
import { FactSchema, ProcessFactSchema, type Fact } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { ConnectRequestSchema, FrameSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { readRequests } from "../../../shared/read-request.ts";
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

  it("passes facts on in the bytes in which they came, and writes those that were made", () => {
    const value = create(ProcessFactSchema, { pid: 7, note: "läuft 运行" });
    const made = create(FactSchema, { key: "process", body: { case: "process", value } });
    // a field that this version does not know is kept too
    const unknown = Uint8Array.of(0xfa, 0x7f, 2, 1, 2);
    const sent = Buffer.concat([toBinary(FactSchema, made), unknown]);
    const append = (facts: readonly Fact[]): readonly Buffer[] => {
      const bytes = createFrameBytes();
      bytes.append(testFrame(1n, { facts }), createNameDictionary({ series: [], probes: [] }));
      return fromBinary(FrameSchema, bytes.bytes()).facts.map((fact) =>
        Buffer.from(toBinary(FactSchema, fact)),
      );
    };
    const came = [createFactMemory().read(sent), made];
    keepWire(came, [sent, toBinary(FactSchema, made)]);
    expect(append(came)).toEqual([sent, Buffer.from(toBinary(FactSchema, made))]);
    expect(append([made, made])).toEqual(Array(2).fill(Buffer.from(toBinary(FactSchema, made))));
  });

  it("finds the bytes of what a message brought", () => {
    const value = create(ProcessFactSchema, { pid: 7, note: "a" });
    const fact = create(FactSchema, { key: "process", body: { case: "process", value } });
    const bytes = toBinary(
      ConnectRequestSchema,
      create(ConnectRequestSchema, { message: { case: "frame", value: { facts: [fact, fact] } } }),
    );
    const [read] = readRequests(bytes, createFactMemory());
    const message = read?.request.message;
    const facts = message?.case === "frame" ? message.value.facts : [];
    expect(findWire(facts)?.map((one) => Buffer.from(one))).toEqual(
      Array(2).fill(Buffer.from(toBinary(FactSchema, fact))),
    );
  });
});

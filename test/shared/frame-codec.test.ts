import { fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFrameDecoder, createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema, type Outcome } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";
import { seriesKey } from "../../shared/series-key.ts";
import type { Frame } from "../../shared/frame.ts";
import { testFrame } from "../collector/ingest/test-frames.ts";

const metricName = fc.stringMatching(/^[a-z_:][a-z0-9_:]{0,20}$/);
const labelName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,10}$/).filter((name) => name !== "__proto__");
const key = fc
  .tuple(metricName, fc.dictionary(labelName, fc.string({ maxLength: 40, unit: "grapheme" }), { maxKeys: 5 }))
  .map(([metric, labels]) => seriesKey(metric, labels));
const probeRun = fc.record({
  probe: metricName,
  target: fc.string({ maxLength: 20 }),
  outcome: fc.integer({ min: 0, max: 4 }),
  durationUs: fc.nat(),
  errorCode: fc.string({ maxLength: 10 }),
  errorText: fc.string({ maxLength: 50 }),
  ageMs: fc.nat(),
});
const anyFrame = fc.record({
  sequence: fc.bigInt({ min: 1n, max: 2n ** 53n }),
  capturedAtMs: fc.nat(),
  monotonicUs: fc.nat(),
  keyframe: fc.boolean(),
  samples: fc.array(fc.record({ key, value: fc.double() }), { maxLength: 30 }),
  probeRuns: fc.array(probeRun, { maxLength: 10 }),
  droppedTotal: fc.bigInt({ min: 0n, max: 2n ** 63n }),
  clockOffset: fc.option(fc.record({ offsetUs: fc.integer(), roundTripUs: fc.nat() }), { nil: undefined }),
});
const lossAndWaiting = fc.record(
  {
    loss: fc.record({
      frames: fc.nat(),
      fromMs: fc.nat(),
      toMs: fc.nat(),
      reason: fc.string({ maxLength: 20 }),
    }),
    waiting: fc.integer({ min: 1 }),
  },
  { requiredKeys: [] },
);

function viaWire(frames: readonly Frame[]): Frame[] {
  const encoder = createFrameEncoder();
  const decoder = createFrameDecoder();
  return frames.map((frame) =>
    decoder.decode(fromBinary(FrameSchema, toBinary(FrameSchema, encoder.encode(frame)))),
  );
}

describe("shared/frame-codec", () => {
  it("gives back every frame of a stream as it was", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFrame, lossAndWaiting), { maxLength: 5 }), (parts) => {
        const frames = parts.map(([part, kept]) => ({ ...testFrame(1n), ...part, ...kept }));
        expect(viaWire(frames)).toEqual(frames);
      }),
      { numRuns: 200 },
    );
  });

  it("defines a series and a probe once a stream", () => {
    const encoder = createFrameEncoder();
    expect(encoder.encode(testFrame(1n)).series).toHaveLength(2);
    const second = encoder.encode(testFrame(2n));
    expect(second.series).toHaveLength(0);
    expect(second.probes).toHaveLength(0);
    expect(second.sampleSeries).toEqual([1, 2]);
  });

  it("keeps probes apart whose name and target make the same text together, also in two streams", () => {
    const run = { outcome: 1, durationUs: 1, errorCode: "", errorText: "", ageMs: 0 };
    for (const [probe, target] of [
      ["a\nb", "c"],
      ["a", "b\nc"],
    ] as const) {
      const [frame] = viaWire([{ ...testFrame(1n), probeRuns: [{ ...run, probe, target }] }]);
      expect(frame?.probeRuns).toEqual([{ ...run, probe, target }]);
    }
  });

  it("brings labels into one order, whatever order they came in", () => {
    const decoder = createFrameDecoder();
    const wire = createFrameEncoder().encode(testFrame(1n));
    wire.series[1]!.labels.reverse();
    expect(decoder.decode(wire).samples[1]?.key).toBe(
      'etcdscope_link_round_trip_seconds{port="peer",to="m2"}',
    );
  });

  it("refuses a number that was never defined", () => {
    const wire = createFrameEncoder().encode(testFrame(1n));
    expect(() => createFrameDecoder().decode({ ...wire, series: [] })).toThrow("Expected a defined series");
    expect(() => createFrameDecoder().decode({ ...wire, probes: [] })).toThrow("Expected a defined probe");
  });

  it("refuses an outcome that no version has, and takes one that a later version may have", () => {
    const wire = createFrameEncoder().encode(testFrame(1n));
    wire.probeRuns[0]!.outcome = 77 as Outcome;
    expect(createFrameDecoder().decode(wire).probeRuns[0]?.outcome).toBe(77);
    wire.probeRuns[0]!.outcome = -1 as Outcome;
    expect(() => createFrameDecoder().decode(wire)).toThrow("Expected an outcome from 0 on, got -1");
  });

  it("refuses columns of different lengths and numbers beyond the dictionary", () => {
    const wire = createFrameEncoder().encode(testFrame(1n));
    expect(() => createFrameDecoder().decode({ ...wire, sampleValues: [1] })).toThrow(
      "as many sample values",
    );
    wire.series[0]!.id = LIMITS.dictionaryEntries + 1;
    expect(() => createFrameDecoder().decode(wire)).toThrow("dictionary numbers");
  });

  it("leaves out, and counts, series that break a limit or find the dictionary full", () => {
    const encoder = createFrameEncoder();
    const long = seriesKey("m", { label: "v".repeat(LIMITS.labelValueBytes + 1) });
    encoder.encode(testFrame(1n, { samples: [{ key: long, value: 1 }] }));
    expect(encoder.leftOutTotal()).toBe(1);
    const samples = Array.from({ length: LIMITS.dictionaryEntries + 5 }, (_, i) => ({
      key: `m${i}`,
      value: 1,
    }));
    const wire = encoder.encode(testFrame(2n, { samples }));
    expect(wire.sampleSeries).toHaveLength(LIMITS.dictionaryEntries);
    expect(encoder.leftOutTotal()).toBe(6);
  });
});

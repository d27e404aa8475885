import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compressBlob, decodeBlob, inflateBlob } from "../../../collector/history/frame-blob.ts";
import { createFrameBytes } from "../../../collector/history/frame-bytes.ts";
import { createNameDictionary } from "../../../collector/history/name-dictionary.ts";
import { scanSamples } from "../../../collector/history/scan-samples.ts";
import { testFrame } from "../ingest/test-frames.ts";

describe("collector/history/scan-samples", () => {
  it("finds what decoding the whole frame finds", () => {
    const sample = fc.record({
      key: fc.integer({ min: 0, max: 400 }).map((i) => `m${i}`),
      value: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 300 }), (samples) => {
        const dictionary = createNameDictionary({ series: [], probes: [] });
        const bytes = createFrameBytes();
        bytes.append(testFrame(1n, { samples }), dictionary);
        const blob = bytes.bytes();
        const wanted = new Set([dictionary.series("m7"), dictionary.series("m300"), dictionary.series("m2")]);
        const found: [number, number][] = [];
        scanSamples(blob, wanted, (series, value) => found.push([series, value]));
        const whole = decodeBlob(inflateBlob(compressBlob(blob)), dictionary.names);
        expect(found).toEqual(
          whole.samples
            .map(({ key, value }) => [dictionary.series(key), value])
            .filter(([series]) => wanted.has(series ?? 0)),
        );
      }),
    );
  });

  it("ends with an error, never with wrong numbers, on bytes that are no frame", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          scanSamples(bytes, new Set([1]), () => undefined);
        } catch (error) {
          expect(error).toMatchObject({ code: "STORAGE_CORRUPT" });
        }
      }),
    );
  });
});

import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { packLanded, unpackLanded, type LandedFrame } from "../../../collector/history/landed-pack.ts";
import { create } from "@bufbuild/protobuf";
import { FrameSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";

function landed(id: number, bytes: Uint8Array): LandedFrame {
  const capturedMs = 1_700_000_000_000 + 1000 * id;
  return { id, instance: 3, sequence: 7 + id, capturedMs, receivedMs: capturedMs - 5, sampleCount: 2, bytes };
}

const frame = (sampleSeries: number[], sampleValues: number[]): Uint8Array =>
  toBinary(
    FrameSchema,
    create(FrameSchema, { sequence: 5n, sampleSeries, sampleValues, waiting: 900n, droppedTotal: 2n }),
  );

/** What a frame was stored as, and what comes back: byte by byte. */
const CASES: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ["nothing", []],
  ["frames without samples", [frame([], []), frame([], [])]],
  [
    "lists of series that change, in any order, also one twice",
    [frame([1, 300, 2], [1.5, -0, Number.NaN]), frame([2, 2, 70_000], [1e300, Infinity, 3]), frame([1], [9])],
  ],
  ["columns of different lengths", [frame([1, 2], [1]), frame([1], [1, 2]), frame([], [1]), frame([4], [])]],
  ["what is no frame", [Uint8Array.from([255, 255, 255]), new Uint8Array(0), Uint8Array.from([66, 127, 1])]],
  ["both", [frame([1, 2], [1, 2]), Uint8Array.from([7, 7]), frame([2, 1], [3, 4])]],
];

describe("collector/history/landed-pack", () => {
  it.each(CASES)("gives back %s", (_, blobs) => {
    const frames = blobs.map((bytes, id) => landed(id, bytes));
    const packed = packLanded(frames);
    expect(unpackLanded(packed)).toEqual(frames);
  });

  it("says of every pack that was cut or changed that it is corrupt, or gives frames", () => {
    const packed = packLanded([1, 2, 3].map((id) => landed(id, frame([1, 2], [id, 2 * id]))));
    for (let at = 0; at < packed.length; at += 1) {
      const changed = Uint8Array.from(packed);
      changed[at] = (changed[at] ?? 0) ^ 0x55;
      for (const bytes of [changed, packed.subarray(0, at)]) {
        try {
          unpackLanded(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: "STORAGE_CORRUPT" });
        }
      }
    }
  });
});

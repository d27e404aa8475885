import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { createFrameBytes } from "../../../agent/spool/frame-bytes.ts";
import { createFrameDecoder } from "../../../shared/frame-codec.ts";
import type { Frame } from "../../../shared/frame.ts";
import { FrameSchema } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../../shared/limits.ts";
import { seriesKey } from "../../../shared/series-key.ts";
import { createTestLog, testFrame } from "../../collector/ingest/test-frames.ts";

/** 12,000 series whose names alone are more than one message may hold. */
const samples = Array.from({ length: 12_000 }, (_, i) => ({
  key: seriesKey("etcd_large", { name: `${i}-${"x".repeat(480)}` }),
  value: i,
}));

describe("agent/spool/frame-bytes", () => {
  it("passes no frame over: what does not fit into one message is left out, and comes with the next frames", () => {
    const log = createTestLog();
    const encoder = createFrameBytes(log);
    const decoder = createFrameDecoder();
    const send = (sequence: bigint): Frame => {
      const { bytes } = encoder.encode(testFrame(sequence, { samples }));
      expect(bytes.length).toBeLessThan(LIMITS.messageBytes);
      return decoder.decode(fromBinary(FrameSchema, bytes));
    };
    const first = send(1n);
    expect(first.samples.length).toBeGreaterThan(2000);
    expect(first.facts).toHaveLength(1);
    expect(first.samples).toEqual(samples.slice(0, first.samples.length));
    expect(send(2n).samples).toEqual(samples);
    expect(encoder.leftOutTotal()).toBe(samples.length - first.samples.length);
    expect(log.lines.map(({ sentence }) => sentence)).toEqual(["Frame was cut to the limits of the wire."]);
  });

  it("leaves one as it is that breaks no limit", () => {
    const encoder = createFrameBytes(createTestLog());
    const frame = testFrame(1n);
    const { bytes, defines } = encoder.encode(frame);
    expect(createFrameDecoder().decode(fromBinary(FrameSchema, bytes))).toEqual(frame);
    expect(defines).toBe(true);
    expect(encoder.encode(testFrame(2n)).defines).toBe(false);
    expect(encoder.leftOutTotal()).toBe(0);
  });
});

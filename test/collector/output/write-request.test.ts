import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { snappyLiteral } from "../../../collector/output/snappy.ts";
import { encodeWriteRequest } from "../../../collector/output/write-request.ts";
import type { Frame, ReceivedFrame } from "../../../shared/frame.ts";
import { seriesKey } from "../../../shared/series-key.ts";

function received(node: string, capturedAtMs: number, samples: Frame["samples"]): ReceivedFrame {
  return {
    agent: { cluster: "prod-a", node },
    instanceId: "i",
    agentVersion: "1",
    receivedAtMs: capturedAtMs,
    frame: {
      sequence: 1n,
      capturedAtMs,
      monotonicUs: 0,
      keyframe: false,
      samples,
      facts: [],
      events: [],
      probeRuns: [],
      droppedTotal: 0n,
      clockOffset: undefined,
    },
  };
}

/** A reader of its own, field by field, as the format's description has it. */
function decode(bytes: Uint8Array): { labels: string[]; points: [bigint, number][] }[] {
  const reader = new BinaryReader(bytes);
  const series: { labels: string[]; points: [bigint, number][] }[] = [];
  while (reader.pos < reader.len) {
    expect(reader.tag()).toEqual([1, WireType.LengthDelimited]);
    const end = reader.uint32() + reader.pos;
    const one = { labels: [] as string[], points: [] as [bigint, number][] };
    while (reader.pos < end) {
      const [field] = reader.tag();
      reader.uint32();
      reader.tag();
      if (field === 1) {
        const name = reader.string();
        reader.tag();
        one.labels.push(`${name}=${reader.string()}`);
      } else {
        const value = reader.double();
        reader.tag();
        one.points.push([BigInt(reader.int64()), value]);
      }
    }
    series.push(one);
  }
  return series;
}

/** Undoes literals only. */
function unsnap(bytes: Uint8Array): Buffer {
  let at = 0;
  while ((bytes[at] ?? 0) > 0x7f) {
    at += 1;
  }
  at += 1;
  const parts: Uint8Array[] = [];
  while (at < bytes.length) {
    expect(bytes[at]).toBe(61 << 2);
    const length = (bytes[at + 1] ?? 0) + (bytes[at + 2] ?? 0) * 256 + 1;
    parts.push(bytes.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  return Buffer.concat(parts);
}

describe("collector/output/write-request", () => {
  it("groups by series, sorts labels by name and samples by time, and gives one sample an instant", () => {
    const key = seriesKey("up", { to: 'm"2', port: "peer" });
    const { bytes, samples } = encodeWriteRequest([
      received("m1", 2000, [{ key, value: 2 }]),
      received("m1", 1000, [{ key, value: 1 }]),
      received("m1", 1000, [{ key, value: 1 }]),
      received("m2", 1000, [{ key: "x", value: 0.5 }]),
    ]);
    expect(samples).toBe(4);
    expect(decode(bytes)).toEqual([
      {
        labels: ["__name__=up", "cluster=prod-a", "node=m1", "port=peer", 'to=m"2'],
        points: [
          [1000n, 1],
          [2000n, 2],
        ],
      },
      { labels: ["__name__=x", "cluster=prod-a", "node=m2"], points: [[1000n, 0.5]] },
    ]);
  });

  it("cuts what is long into literals that snappy knows", () => {
    const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    const framed = snappyLiteral(body);
    expect([...framed.subarray(0, 3)]).toEqual([0xf0, 0xa2, 0x04]);
    expect(unsnap(framed).equals(body)).toBe(true);
  });
});

/** Frames as the body of a Prometheus remote write 1.0: labels sorted, samples of a series in order of time. Pure. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { ReceivedFrame } from "../../shared/frame.ts";
import { placeMs } from "../../shared/frame-place.ts";
import { parseSeriesKey } from "../../shared/series-key.ts";

export interface WriteRequest {
  readonly bytes: Uint8Array;
  readonly samples: number;
}

interface Point {
  readonly atMs: number;
  readonly value: number;
}

interface Series {
  readonly agent: ReceivedFrame["agent"];
  readonly key: string;
  readonly points: Point[];
}

export function encodeWriteRequest(frames: readonly ReceivedFrame[]): WriteRequest {
  const series = new Map<string, Series>();
  let samples = 0;
  for (const { agent, frame } of frames) {
    const atMs = placeMs(frame);
    for (const { key, value } of frame.samples) {
      const id = `${agent.cluster}/${agent.node}/${key}`;
      const known = series.get(id) ?? { agent, key, points: [] };
      series.set(id, known);
      known.points.push({ atMs, value });
      samples += 1;
    }
  }
  const writer = new BinaryWriter();
  for (const one of series.values()) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writeSeries(writer, one);
    writer.join();
  }
  return { bytes: writer.finish(), samples };
}

function writeSeries(writer: BinaryWriter, { agent, key, points }: Series): void {
  const { metric, labels } = parseSeriesKey(key);
  const all: Record<string, string> = {
    ...labels,
    __name__: metric,
    cluster: agent.cluster,
    node: agent.node,
  };
  for (const name of Object.keys(all).sort()) {
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(name);
    writer.tag(2, WireType.LengthDelimited).string(all[name] ?? "");
    writer.join();
  }
  let lastMs = -1;
  for (const { atMs, value } of points.toSorted((one, other) => one.atMs - other.atMs)) {
    // A receiver refuses a second sample of one instant.
    if (atMs !== lastMs) {
      writer.tag(2, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.Bit64).double(value);
      writer.tag(2, WireType.Varint).int64(BigInt(atMs));
      writer.join();
    }
    lastMs = atMs;
  }
}

/** Frames, queues and logs for tests of the stream. */
import { create } from "@bufbuild/protobuf";
import { EventSchema, FactSchema } from "../../../shared/gen/etcdscope/v1/fact_pb.js";
import { Outcome } from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { Frame, ReceivedFrame } from "../../../shared/frame.ts";
import type { Logger } from "../../../shared/log-line.ts";
import { seriesKey } from "../../../shared/series-key.ts";
import type { FrameSource } from "../../../agent/spool/frame-queue.ts";

export function testFrame(sequence: bigint, overrides: Partial<Frame> = {}): Frame {
  return {
    sequence,
    capturedAtMs: 1_790_000_000_000 + Number(sequence) * 1000,
    monotonicUs: Number(sequence) * 1_000_000,
    keyframe: sequence === 1n,
    samples: [
      { key: "etcd_server_has_leader", value: 1 },
      { key: seriesKey("etcdscope_link_round_trip_seconds", { to: "m2", port: "peer" }), value: 0.0004 },
    ],
    facts: [create(FactSchema, { key: "process", body: { case: "process", value: { state: 2, pid: 812 } } })],
    events: [create(EventSchema, { atUnixMs: 5n, kind: "process_started", attributes: { pid: "812" } })],
    probeRuns: [
      {
        probe: "status",
        target: "m2",
        outcome: Outcome.OK,
        durationUs: 1200,
        errorCode: "",
        errorText: "",
        ageMs: 0,
      },
    ],
    droppedTotal: 0n,
    clockOffset: { offsetUs: -1500, roundTripUs: 400 },
    ...overrides,
  };
}

export function receivedFrame(sequence: bigint, overrides: Partial<ReceivedFrame> = {}): ReceivedFrame {
  const frame = testFrame(sequence);
  return {
    agent: { cluster: "prod-a", node: "m1" },
    instanceId: "run-1",
    agentVersion: "0.1.0",
    receivedAtMs: frame.capturedAtMs + 3,
    frame,
    ...overrides,
  };
}

/** An unbounded queue in memory. */
export function createTestQueue(): FrameSource & { push(frame: Frame): void; size(): number } {
  let frames: Frame[] = [];
  function acknowledge(sequence: bigint): void {
    frames = frames.filter((one) => one.sequence > sequence);
  }
  return {
    push: (frame) => frames.push(frame),
    size: () => frames.length,
    firstSequence: () => frames[0]?.sequence ?? 0n,
    lastSequence: () => frames.at(-1)?.sequence ?? 0n,
    welcome: (held) => acknowledge(held[0]?.first === 1n ? held[0].last : 0n),
    next: (after) => {
      const base = frames[0]?.sequence ?? 0n;
      const guess = frames[Math.max(0, Number(after + 1n - base))];
      const frame = guess?.sequence === after + 1n ? guess : frames.find((one) => one.sequence > after);
      return frame && { kind: "frame", frame };
    },
    acknowledge,
    release: () => undefined,
  };
}

export interface LogLine {
  readonly level: string;
  readonly sentence: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines. */
export function createTestLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (fields: object, sentence: string): void => {
      lines.push({ level, sentence, fields: { ...fields } });
    };
  const log = {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => log,
  };
  return log;
}

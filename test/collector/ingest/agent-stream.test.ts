import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { createAgentStream, type AgentStream } from "../../../collector/ingest/agent-stream.ts";
import { systemClock } from "../../../shared/clock.ts";
import { createFrameEncoder } from "../../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  FrameBatchSchema,
  HelloSchema,
  SettingsSchema,
  type ConnectRequest,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import type { SequenceRange } from "../../../shared/sequence-set.ts";
import { testFrame } from "./test-frames.ts";

const IDENTITY = { cluster: "prod-a", node: "m1" };

/** A welcomed stream: what it takes, and what it acknowledges. */
function openStream(held: readonly SequenceRange[]) {
  const taken: bigint[] = [];
  const acknowledged: bigint[] = [];
  const encoder = createFrameEncoder();
  const ignore = (): void => undefined;
  const stream: AgentStream = createAgentStream({
    identity: IDENTITY,
    remote: "10.0.0.1:5000",
    transport: {
      send: ({ message }) => {
        if (message.case === "ack") {
          acknowledged.push(message.value.sequence);
        }
      },
      pause: ignore,
      resume: ignore,
      end: ignore,
    },
    events: {
      onHello: ignore,
      onFrame: (_, { frame }) => taken.push(frame.sequence),
      onDuplicate: ignore,
      onRefused: ignore,
      onSlowed: ignore,
    },
    clock: systemClock,
  });
  function receive(message: ConnectRequest["message"]): void {
    stream.receive(toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { message })));
  }
  receive({ case: "hello", value: create(HelloSchema, { ...IDENTITY, instanceId: "run-1" }) });
  stream.welcome(held, create(SettingsSchema));
  return {
    stream,
    taken,
    acknowledged,
    send: (...sequences: readonly bigint[]): void =>
      receive({
        case: "frameBatch",
        value: create(FrameBatchSchema, {
          frames: sequences.map((sequence) => encoder.encode(testFrame(sequence))),
        }),
      }),
  };
}

describe("collector/ingest/agent-stream", () => {
  it("acknowledges at once, and once a message, what is durable already", () => {
    const { taken, acknowledged, send } = openStream([{ first: 5n, last: 8n }]);
    send(5n, 6n, 7n);
    expect(acknowledged).toEqual([7n]);
    send(8n);
    expect(acknowledged).toEqual([7n, 8n]);
    expect(taken).toEqual([]);
  });

  it("acknowledges it never before what was taken earlier, and then together with that", () => {
    const { stream, taken, acknowledged, send } = openStream([{ first: 5n, last: 8n }]);
    send(3n, 4n, 5n, 6n);
    expect(taken).toEqual([3n, 4n]);
    expect(acknowledged).toEqual([]);
    stream.acknowledge(3n);
    expect(acknowledged).toEqual([3n]);
    stream.acknowledge(4n);
    expect(acknowledged).toEqual([3n, 6n]);
  });

  it("takes what came twice for durable only when its first coming is", () => {
    const { stream, acknowledged, send } = openStream([]);
    send(1n, 2n);
    send(2n);
    expect(acknowledged).toEqual([]);
    stream.acknowledge(2n);
    expect(acknowledged).toEqual([2n]);
  });
});

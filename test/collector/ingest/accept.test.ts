import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  acceptMessage,
  openAfter,
  type AcceptState,
  type AcceptStep,
} from "../../../collector/ingest/accept.ts";
import { createFrameDecoder, createFrameEncoder } from "../../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  HelloSchema,
  Reason,
  type ConnectRequest,
  type Frame as WireFrame,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { testFrame } from "./test-frames.ts";

const identity = { cluster: "prod-a", node: "m1" };
const start: AcceptState = { kind: "awaiting-hello" };
const hello = create(HelloSchema, {
  cluster: "prod-a",
  node: "m1",
  instanceId: "run-1",
  agentVersion: "0.1.0",
});

function say(message: ConnectRequest["message"]): ConnectRequest {
  return create(ConnectRequestSchema, { message });
}

function frame(sequence: bigint, overrides: Partial<WireFrame> = {}): ConnectRequest {
  return say({ case: "frame", value: { ...createFrameEncoder().encode(testFrame(sequence)), ...overrides } });
}

const ping = say({ case: "ping", value: { id: 1n, sentAtUnixUs: 2n } as never });

function accept(
  state: AcceptState,
  request: ConnectRequest,
  who: typeof identity | undefined = identity,
): AcceptStep {
  return acceptMessage(state, request, { identity: who, decoder: createFrameDecoder(), wireBytes: 500 });
}

describe("collector/ingest/accept", () => {
  it("asks the history after a right hello, and takes frames after the welcome", () => {
    const step = accept(start, say({ case: "hello", value: hello }));
    expect(step).toMatchObject({ state: { kind: "resuming" }, decision: { kind: "resume" } });
    expect(accept(openAfter(0n), frame(1n))).toMatchObject({
      state: { kind: "open", lastSequence: 1n },
      decision: { kind: "take", missing: 0n },
    });
  });

  it("counts the frames that are missing before one, and knows one that it has", () => {
    expect(accept(openAfter(3n), frame(9n)).decision).toMatchObject({ kind: "take", missing: 5n });
    expect(accept(openAfter(3n), frame(3n)).decision).toEqual({ kind: "duplicate", sequence: 3n });
  });

  it("takes the definitions of a duplicate, which later frames use", () => {
    const encoder = createFrameEncoder();
    const decoder = createFrameDecoder();
    const send = (state: AcceptState, sequence: bigint): AcceptStep =>
      acceptMessage(state, say({ case: "frame", value: encoder.encode(testFrame(sequence)) }), {
        identity,
        decoder,
        wireBytes: 500,
      });
    expect(send(openAfter(5n), 5n).decision.kind).toBe("duplicate");
    expect(send(openAfter(5n), 6n).decision.kind).toBe("take");
  });

  it("answers pings once the hello was right", () => {
    expect(accept({ kind: "resuming" }, ping).decision.kind).toBe("pong");
    expect(accept(openAfter(0n), ping).decision.kind).toBe("pong");
  });

  it("ignores what a newer agent says, and everything after a refusal", () => {
    expect(accept(openAfter(0n), say({ case: undefined })).decision.kind).toBe("ignore");
    expect(accept({ kind: "closed" }, frame(1n)).decision.kind).toBe("ignore");
  });

  it.each([
    ["a frame before the hello", start, frame(1n), Reason.PROTOCOL_ERROR],
    ["a ping before the hello", start, ping, Reason.PROTOCOL_ERROR],
    ["a message without a body first", start, say({ case: undefined }), Reason.PROTOCOL_ERROR],
    ["a frame before the welcome", { kind: "resuming" }, frame(1n), Reason.PROTOCOL_ERROR],
    ["a second hello", openAfter(0n), say({ case: "hello", value: hello }), Reason.PROTOCOL_ERROR],
    [
      "a hello without an instance",
      start,
      say({ case: "hello", value: create(HelloSchema, { cluster: "c", node: "n" }) }),
      Reason.LIMIT_EXCEEDED,
    ],
    [
      "another cluster",
      start,
      say({ case: "hello", value: { ...hello, cluster: "prod-b" } }),
      Reason.IDENTITY_MISMATCH,
    ],
    [
      "another node",
      start,
      say({ case: "hello", value: { ...hello, node: "m2" } }),
      Reason.IDENTITY_MISMATCH,
    ],
    ["sequence 0", openAfter(0n), frame(1n, { sequence: 0n }), Reason.PROTOCOL_ERROR],
    ["a sequence beyond 2^53", openAfter(0n), frame(1n, { sequence: 2n ** 60n }), Reason.PROTOCOL_ERROR],
    ["a capture before 1970", openAfter(0n), frame(1n, { capturedAtUnixMs: -1n }), Reason.PROTOCOL_ERROR],
    ["columns of different lengths", openAfter(0n), frame(1n, { sampleValues: [] }), Reason.PROTOCOL_ERROR],
    ["an undefined series", openAfter(0n), frame(1n, { series: [] }), Reason.PROTOCOL_ERROR],
    [
      "too many samples",
      openAfter(0n),
      frame(1n, { sampleSeries: Array(20_001).fill(1) as number[] }),
      Reason.LIMIT_EXCEEDED,
    ],
  ] as const)("refuses %s", (...[, state, request, reason]) => {
    const step = accept(state, request);
    expect(step.state).toEqual({ kind: "closed" });
    expect(step.decision).toMatchObject({ kind: "refuse", reason });
  });

  it("refuses a certificate that names nobody, and says what it should name", () => {
    const decision = acceptMessage(start, say({ case: "hello", value: hello }), {
      identity: undefined,
      decoder: createFrameDecoder(),
      wireBytes: 50,
    }).decision;
    expect(decision).toMatchObject({ kind: "refuse", reason: Reason.IDENTITY_MISMATCH });
    expect(JSON.stringify(decision)).toContain("etcdscope://prod-a/m1");
  });
});

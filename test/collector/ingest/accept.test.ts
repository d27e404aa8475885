import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  acceptMessage,
  openWith,
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
import type { SequenceRange } from "../../../shared/sequence-set.ts";
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

function upTo(last: bigint): readonly SequenceRange[] {
  return [{ first: 1n, last }];
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
    expect(accept(openWith([]), frame(1n))).toMatchObject({
      state: { kind: "open" },
      decision: { kind: "take" },
    });
  });

  it("takes what is new before what was kept, and knows a frame that it has", () => {
    let state = openWith([...upTo(3n), { first: 7n, last: 8n }]);
    const seen: string[] = [];
    for (const sequence of [9n, 4n, 3n, 7n, 10n, 5n, 9n, 6n, 4n]) {
      const step = accept(state, frame(sequence));
      ({ state } = step);
      seen.push(`${sequence} ${step.decision.kind}`);
    }
    expect(seen).toEqual([
      "9 take",
      "4 take",
      "3 duplicate",
      "7 duplicate",
      "10 take",
      "5 take",
      "9 duplicate",
      "6 take",
      "4 duplicate",
    ]);
  });

  it("refuses a stream that is nothing but gaps", () => {
    let step = accept(openWith([]), frame(1n));
    for (let sequence = 3n; step.decision.kind === "take"; sequence += 2n) {
      step = accept(step.state, frame(sequence));
      expect(sequence).toBeLessThan(5000n);
    }
    expect(step.decision).toMatchObject({ kind: "refuse", reason: Reason.LIMIT_EXCEEDED });
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
    expect(send(openWith(upTo(5n)), 5n).decision.kind).toBe("duplicate");
    expect(send(openWith(upTo(5n)), 6n).decision.kind).toBe("take");
  });

  it("answers pings once the hello was right", () => {
    expect(accept({ kind: "resuming" }, ping).decision.kind).toBe("pong");
    expect(accept(openWith([]), ping).decision.kind).toBe("pong");
  });

  it("ignores what a newer agent says, and everything after a refusal", () => {
    expect(accept(openWith([]), say({ case: undefined })).decision.kind).toBe("ignore");
    expect(accept({ kind: "closed" }, frame(1n)).decision.kind).toBe("ignore");
  });

  it.each([
    ["a frame before the hello", start, frame(1n), Reason.PROTOCOL_ERROR],
    ["a ping before the hello", start, ping, Reason.PROTOCOL_ERROR],
    ["a message without a body first", start, say({ case: undefined }), Reason.PROTOCOL_ERROR],
    ["a frame before the welcome", { kind: "resuming" }, frame(1n), Reason.PROTOCOL_ERROR],
    ["a second hello", openWith([]), say({ case: "hello", value: hello }), Reason.PROTOCOL_ERROR],
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
    ["sequence 0", openWith([]), frame(1n, { sequence: 0n }), Reason.PROTOCOL_ERROR],
    ["a sequence beyond 2^53", openWith([]), frame(1n, { sequence: 2n ** 60n }), Reason.PROTOCOL_ERROR],
    ["a capture before 1970", openWith([]), frame(1n, { capturedAtUnixMs: -1n }), Reason.PROTOCOL_ERROR],
    ["columns of different lengths", openWith([]), frame(1n, { sampleValues: [] }), Reason.PROTOCOL_ERROR],
    ["an undefined series", openWith([]), frame(1n, { series: [] }), Reason.PROTOCOL_ERROR],
    [
      "too many samples",
      openWith([]),
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

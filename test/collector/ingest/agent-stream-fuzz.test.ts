import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAgentStream, type AgentStream } from "../../../collector/ingest/agent-stream.ts";
import { systemClock } from "../../../shared/clock.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";
import type { Frame } from "../../../shared/frame.ts";
import { createFrameEncoder } from "../../../shared/frame-codec.ts";
import {
  ConnectRequestSchema,
  ConnectResponseSchema,
  FrameSchema,
  HelloSchema,
  SettingsSchema,
  type ConnectRequest,
  type ConnectResponse,
} from "../../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage } from "../../../shared/grpc.ts";
import { checkHello, isName, LIMITS } from "../../../shared/limits.ts";
import { testFrame } from "./test-frames.ts";

const IDENTITY = { cluster: "prod-a", node: "m1" };
const LIMIT = { numRuns: 400, interruptAfterTimeLimit: 1500, markInterruptAsFailure: false };

function bytesOf(message: ConnectRequest["message"]): Uint8Array {
  return toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { message }));
}

const HELLO = bytesOf({
  case: "hello",
  value: create(HelloSchema, { ...IDENTITY, agentVersion: "0.1.0", instanceId: "run-1" }),
});
const FRAME = bytesOf({ case: "frame", value: createFrameEncoder().encode(testFrame(1n)) });

/** A right message with some of its bytes replaced, taken out, or cut off. */
const damaged = fc
  .tuple(
    fc.constantFrom(HELLO, FRAME),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
    fc.option(fc.nat(), { nil: undefined }),
  )
  .map(([right, replaced, cutAt]) => {
    const bytes = Uint8Array.from(right);
    for (const [at, value] of replaced) {
      bytes[at % bytes.length] = value;
    }
    return cutAt === undefined ? bytes : bytes.subarray(0, cutAt % (bytes.length + 1));
  });

const number32 = fc.oneof(fc.nat(30), fc.nat(2 ** 32 - 1));
const oddFrame = fc
  .record({
    sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    capturedAtUnixMs: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    series: fc.array(
      fc.record({
        id: number32,
        metric: fc.string({ maxLength: 200 }),
        labels: fc.array(fc.record({ name: fc.string(), value: fc.string() }), { maxLength: 20 }),
      }),
      { maxLength: 4 },
    ),
    probes: fc.array(fc.record({ id: number32, probe: fc.string(), target: fc.string() }), { maxLength: 4 }),
    sampleSeries: fc.array(number32, { maxLength: 8 }),
    sampleValues: fc.array(fc.double(), { maxLength: 8 }),
    probeRuns: fc.array(fc.record({ probeId: number32, outcome: fc.nat(9) }), { maxLength: 4 }),
  })
  .map((parts) => bytesOf({ case: "frame", value: create(FrameSchema, parts as never) }));

const anything = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  damaged,
  oddFrame,
  fc.constant(FRAME),
  fc.constant(HELLO),
);

interface Heard {
  readonly sent: ConnectResponse["message"][];
  readonly frames: Frame[];
  refusals: number;
  isEnded: boolean;
}

/** A stream that welcomes whoever says who the certificate says. */
function openStream(): Heard & { readonly stream: AgentStream } {
  const heard: Heard = { sent: [], frames: [], refusals: 0, isEnded: false };
  const stream = createAgentStream({
    identity: IDENTITY,
    remote: "127.0.0.1:1",
    clock: systemClock,
    transport: {
      send: ({ message }) => void heard.sent.push(message),
      pause: () => undefined,
      resume: () => undefined,
      end: () => {
        heard.isEnded = true;
      },
    },
    events: {
      onHello: (one) => one.welcome([], create(SettingsSchema)),
      onFrame: (_, { frame }) => void heard.frames.push(frame),
      onDuplicate: () => undefined,
      onRefused: () => {
        heard.refusals += 1;
      },
      onSlowed: () => undefined,
    },
  });
  return Object.assign(heard, { stream });
}

describe("collector/ingest/agent-stream", { timeout: 30_000 }, () => {
  it("takes or refuses whatever bytes come, refuses once and with a text, and hears nothing after that", () => {
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(fc.boolean(), fc.array(anything, { maxLength: 6 }), (isGreeted, messages) => {
        const heard = openStream();
        for (const bytes of isGreeted ? [HELLO, ...messages] : messages) {
          const framesBefore = heard.frames.length;
          const wasOver = heard.isEnded;
          heard.stream.receive(bytes);
          expect(wasOver && heard.frames.length > framesBefore).toBe(false);
        }
        const refusals = heard.sent.filter((message) => message.case === "refusal");
        expect(refusals.length).toBe(heard.isEnded ? 1 : 0);
        expect(heard.refusals).toBe(refusals.length);
        for (const { value } of refusals) {
          expect(value.text).toMatch(/^[A-Z].{10,}[^.]$/s);
          expect(value.reason).toBeGreaterThan(0);
        }
        for (const frame of heard.frames) {
          expect(frame.sequence > 0n && Number.isSafeInteger(Number(frame.sequence))).toBe(true);
          expect(frame.samples.every(({ key }) => key.length > 0)).toBe(true);
        }
        seen.taken += heard.frames.length;
        seen.refused += refusals.length;
        heard.stream.close();
      }),
      LIMIT,
    );
    // Both ways were gone, or the property says nothing.
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(10);
  });

  it("lets a hello pass for the certificate's own names alone", () => {
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constantFrom("prod-a", "m1", "PROD-A", "m1 ", "m1/", "mÄ"),
    );
    const hello = fc.record({
      cluster: text,
      node: text,
      agentVersion: text,
      bootId: text,
      instanceId: text,
    });
    fc.assert(
      fc.property(hello, (parts) => {
        const heard = openStream();
        const value = create(HelloSchema, parts);
        heard.stream.receive(bytesOf({ case: "hello", value }));
        const isOwn = parts.cluster === IDENTITY.cluster && parts.node === IDENTITY.node;
        const isWelcomed = heard.sent[0]?.case === "welcome";
        expect(isWelcomed).toBe(isOwn && checkHello(value) === undefined);
        expect(heard.isEnded).toBe(!isWelcomed);
        if (checkHello(value) === undefined) {
          expect(isName(parts.cluster, LIMITS.clusterCharacters)).toBe(true);
        }
        heard.stream.close();
      }),
      LIMIT,
    );
  });
});

describe("shared/grpc", () => {
  it("reads a collector's bytes as a message, or says in one kind of error that they are none", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
        try {
          decodeMessage(ConnectResponseSchema, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EtcdscopeError);
          expect((error as EtcdscopeError).code).toBe("PROTOCOL_ERROR");
        }
      }),
      LIMIT,
    );
  });
});

/** One agent's stream at the collector: performs what accept decides. The transport is behind a few methods. */
import { create } from "@bufbuild/protobuf";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentIdentity, Frame } from "../../shared/frame.ts";
import { createFactMemory } from "../../shared/fact-memory.ts";
import { createFrameDecoder } from "../../shared/frame-codec.ts";
import {
  AckSchema,
  ConnectResponseSchema,
  PongSchema,
  Reason,
  RefusalSchema,
  SequenceRangeSchema,
  WelcomeSchema,
  type ConnectResponse,
  type Hello,
  type Refusal,
  type Settings,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";
import { readRequests, type SizedRequest } from "../../shared/read-request.ts";
import type { SequenceRange } from "../../shared/sequence-set.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { acceptMessage, openWith, type AcceptDecision, type AcceptState } from "./accept.ts";
import { fullBucket, takeToken, type TokenBucket } from "./token-bucket.ts";

const RATE = {
  perSecond: LIMITS.framesPerSecond,
  burst: LIMITS.framesPerSecond * LIMITS.frameRateWindowSeconds,
} as const;
/** A stream that is not read hears from us this often, so that its agent does not take it for dead. */
const PAUSED_SIGN_MS = 1000;

/** What a stream needs of its gRPC call. */
export interface StreamTransport {
  send(message: ConnectResponse): void;
  pause(): void;
  resume(): void;
  /** Ends it from our side. */
  end(): void;
}

/** What a stream tells ingest. */
export interface StreamEvents {
  onHello(stream: AgentStream, hello: Hello): void;
  onFrame(stream: AgentStream, taken: { readonly frame: Frame; readonly bytes: number }): void;
  onDuplicate(stream: AgentStream): void;
  onRefused(stream: AgentStream, refusal: Refusal): void;
  onSlowed(stream: AgentStream): void;
}

export interface AgentStreamOptions {
  readonly identity: AgentIdentity | undefined;
  /** host:port, for the log. */
  readonly remote: string;
  readonly transport: StreamTransport;
  readonly events: StreamEvents;
  readonly clock: Clock;
}

export interface AgentStream {
  readonly identity: AgentIdentity | undefined;
  readonly remote: string;
  receive(bytes: Uint8Array): void;
  /** `held` is what is durable of the stream's instance. Later calls change nothing. */
  welcome(held: readonly SequenceRange[], settings: Settings): void;
  acknowledge(sequence: bigint): void;
  sendSettings(settings: Settings): void;
  refuse(
    refusal: Partial<Pick<Refusal, "retryable" | "retryAfterMs">> & Pick<Refusal, "reason" | "text">,
  ): void;
  /** Reading stops while any reason holds. */
  setPressure(isHigh: boolean): void;
  isOpen(): boolean;
  /** The transport is gone. */
  close(): void;
}

export function createAgentStream(options: AgentStreamOptions): AgentStream {
  const { transport, events, clock } = options;
  const decoder = createFrameDecoder();
  const facts = createFactMemory();
  let state: AcceptState = { kind: "awaiting-hello" };
  let bucket: TokenBucket = fullBucket(RATE, monotonicMs());
  let acknowledged = 0n;
  /** The last frame that was taken; undefined: all are durable. */
  let lastTaken: bigint | undefined;
  /** The last one that was there already. */
  let lastDuplicate = 0n;
  let isPressed = false;
  let slowed: Timer | undefined;
  let sign: Timer | undefined;

  function monotonicMs(): number {
    return clock.monotonicUs() / 1000;
  }

  function receive(bytes: Uint8Array): void {
    if (state.kind === "closed") {
      return;
    }
    let requests: readonly SizedRequest[];
    try {
      requests = readRequests(bytes, facts);
    } catch (caught) {
      const error = EtcdscopeError.from(caught);
      const reason = error.code === "LIMIT_EXCEEDED" ? Reason.LIMIT_EXCEEDED : Reason.PROTOCOL_ERROR;
      refuse({ reason, text: error.message });
      return;
    }
    for (const { request, bytes: wireBytes } of requests) {
      const step = acceptMessage(state, request, { identity: options.identity, decoder, wireBytes });
      if (step.decision.kind !== "refuse") {
        ({ state } = step);
      }
      perform(step.decision, wireBytes);
    }
    acknowledgeDuplicates();
  }

  /** What was there already is durable: it is acknowledged, but never before what was taken from this stream earlier. */
  function acknowledgeDuplicates(): void {
    if (lastTaken === undefined && lastDuplicate > acknowledged) {
      acknowledge(lastDuplicate);
    }
  }

  function acknowledge(sequence: bigint): void {
    if (state.kind !== "open") {
      return;
    }
    if (sequence === lastTaken) {
      lastTaken = undefined;
    }
    acknowledged = lastTaken === undefined && lastDuplicate > sequence ? lastDuplicate : sequence;
    send({ case: "ack", value: create(AckSchema, { sequence: acknowledged }) });
  }

  function perform(decision: AcceptDecision, bytes: number): void {
    switch (decision.kind) {
      case "ignore":
        return;
      case "resume":
        events.onHello(stream, decision.hello);
        return;
      case "take":
        throttle();
        lastTaken = decision.frame.sequence;
        events.onFrame(stream, { frame: decision.frame, bytes });
        return;
      case "duplicate":
        throttle();
        lastDuplicate = decision.sequence;
        events.onDuplicate(stream);
        return;
      case "pong": {
        const { id, sentAtUnixUs } = decision.ping;
        const receivedAtUnixUs = BigInt(Math.round(clock.nowMs() * 1000));
        send({
          case: "pong",
          value: create(PongSchema, { id, pingSentAtUnixUs: sentAtUnixUs, receivedAtUnixUs }),
        });
        return;
      }
      case "refuse":
        refuse({ reason: decision.reason, text: decision.text });
        return;
    }
  }

  function send(message: ConnectResponse["message"]): void {
    transport.send(create(ConnectResponseSchema, { message }));
  }

  function throttle(): void {
    const taken = takeToken(bucket, RATE, monotonicMs());
    ({ bucket } = taken);
    if (taken.pauseMs > 0 && slowed === undefined) {
      slowed = clock.after(taken.pauseMs, () => {
        slowed = undefined;
        applyPause();
      });
      events.onSlowed(stream);
      applyPause();
    }
  }

  function applyPause(): void {
    if (state.kind !== "closed" && (isPressed || slowed !== undefined)) {
      transport.pause();
      giveSigns();
    } else {
      sign?.cancel();
      sign = undefined;
      transport.resume();
    }
  }

  /** Repeats the last acknowledgement, which changes nothing but tells that we are there. */
  function giveSigns(): void {
    sign ??= clock.after(PAUSED_SIGN_MS, () => {
      sign = undefined;
      if (state.kind === "open") {
        send({ case: "ack", value: create(AckSchema, { sequence: acknowledged }) });
        applyPause();
      }
    });
  }

  function refuse(about: Parameters<AgentStream["refuse"]>[0]): void {
    if (state.kind === "closed") {
      return;
    }
    state = { kind: "closed" };
    const refusal = create(RefusalSchema, about);
    send({ case: "refusal", value: refusal });
    stopTimers();
    transport.resume();
    transport.end();
    events.onRefused(stream, refusal);
  }

  function stopTimers(): void {
    slowed?.cancel();
    sign?.cancel();
  }

  const stream: AgentStream = {
    identity: options.identity,
    remote: options.remote,
    receive,
    welcome: (held, settings) => {
      if (state.kind === "resuming") {
        state = openWith(held);
        const resumeAfter = held[0]?.first === 1n ? held[0].last : 0n;
        acknowledged = resumeAfter;
        const beyond = held.filter(({ first }) => first > resumeAfter).slice(0, LIMITS.heldRanges);
        send({
          case: "welcome",
          value: create(WelcomeSchema, {
            resumeAfter,
            settings,
            collectorVersion: ETCDSCOPE_VERSION,
            held: beyond.map((range) => create(SequenceRangeSchema, range)),
            backFill: true,
            frameBatches: true,
          }),
        });
      }
    },
    acknowledge,
    sendSettings: (settings) => {
      if (state.kind === "open") {
        send({ case: "settings", value: settings });
      }
    },
    refuse,
    setPressure: (isHigh) => {
      isPressed = isHigh;
      applyPause();
    },
    isOpen: () => state.kind === "open",
    close: () => {
      state = { kind: "closed" };
      stopTimers();
    },
  };
  return stream;
}

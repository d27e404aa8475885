/**
 * What a collector makes of each message of one stream: (state, message) → (state, decision). Pure but for the stream's
 * own decoder and the set of what is held, which grow. service.ts performs the decisions.
 */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { AgentIdentity, Frame } from "../../shared/frame.ts";
import type { FrameDecoder } from "../../shared/frame-codec.ts";
import {
  Reason,
  type ConnectRequest,
  type Frame as WireFrame,
  type Hello,
  type Ping,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { checkFrame, checkHello, LIMITS } from "../../shared/limits.ts";
import { createSequenceSet, type SequenceRange, type SequenceSet } from "../../shared/sequence-set.ts";

/** Waiting for the Hello, which must be the first message. */
interface AwaitingHello {
  readonly kind: "awaiting-hello";
}
/** The Hello was right; the history is asked how far it goes. Only pings may come before the Welcome. */
interface Resuming {
  readonly kind: "resuming";
}
/** Welcomed. `held` is every sequence of the instance that is durable or was taken from this stream; it grows. */
interface Open {
  readonly kind: "open";
  readonly held: SequenceSet;
}
/** Refused or ended: nothing more is read. */
interface Closed {
  readonly kind: "closed";
}
export type AcceptState = AwaitingHello | Resuming | Open | Closed;

export interface RefusalDecision {
  readonly kind: "refuse";
  readonly reason: Reason;
  readonly text: string;
}

export type AcceptDecision =
  | { readonly kind: "resume"; readonly hello: Hello }
  | { readonly kind: "take"; readonly frame: Frame }
  /** It is there already; its definitions were taken. */
  | { readonly kind: "duplicate"; readonly sequence: bigint }
  | { readonly kind: "pong"; readonly ping: Ping }
  | { readonly kind: "ignore" }
  | RefusalDecision;

export interface AcceptStep {
  readonly state: AcceptState;
  readonly decision: AcceptDecision;
}

export interface AcceptContext {
  /** As the certificate proved it; undefined when it names nobody. */
  readonly identity: AgentIdentity | undefined;
  readonly decoder: FrameDecoder;
  /** Bytes of this message on the wire. */
  readonly wireBytes: number;
}

/** Larger numbers do not fit into the history's columns, and no honest agent comes near. */
const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);

export function acceptMessage(
  state: AcceptState,
  request: ConnectRequest,
  context: AcceptContext,
): AcceptStep {
  const { message } = request;
  switch (state.kind) {
    case "closed":
      return { state, decision: { kind: "ignore" } };
    case "awaiting-hello":
      return message.case === "hello"
        ? acceptHello(message.value, context.identity)
        : refuse(
            Reason.PROTOCOL_ERROR,
            `Expected a hello first, got ${message.case ?? "an unknown message"}`,
          );
    case "resuming":
      return message.case === "ping"
        ? { state, decision: { kind: "pong", ping: message.value } }
        : refuse(
            Reason.PROTOCOL_ERROR,
            `Expected nothing before the welcome, got ${message.case ?? "a message"}`,
          );
    case "open":
      switch (message.case) {
        case "frame":
          return acceptFrame(state, message.value, context);
        case "ping":
          return { state, decision: { kind: "pong", ping: message.value } };
        case "hello":
          return refuse(Reason.PROTOCOL_ERROR, "Expected one hello a stream, got a second");
        case "frameBatch": // comes as its frames
        case undefined:
          // what a newer agent says
          return { state, decision: { kind: "ignore" } };
      }
  }
}

/** The stream was welcomed: frames that are not among these are new. */
export function openWith(held: readonly SequenceRange[]): AcceptState {
  return { kind: "open", held: createSequenceSet(held) };
}

function acceptHello(hello: Hello, identity: AgentIdentity | undefined): AcceptStep {
  const problem = checkHello(hello);
  if (problem !== undefined) {
    return refuse(Reason.LIMIT_EXCEEDED, problem);
  }
  if (identity === undefined) {
    return refuse(
      Reason.IDENTITY_MISMATCH,
      `The client certificate names no agent: expected the URI etcdscope://${hello.cluster}/${hello.node} among its subject alternative names`,
    );
  }
  if (identity.cluster !== hello.cluster || identity.node !== hello.node) {
    return refuse(
      Reason.IDENTITY_MISMATCH,
      `The client certificate is for ${identity.cluster}/${identity.node}, but the agent says that it is ${hello.cluster}/${hello.node}`,
    );
  }
  return { state: { kind: "resuming" }, decision: { kind: "resume", hello } };
}

function acceptFrame(state: Open, wire: WireFrame, context: AcceptContext): AcceptStep {
  const problem = checkFrame(wire, context.wireBytes);
  if (problem !== undefined) {
    return refuse(Reason.LIMIT_EXCEEDED, problem);
  }
  const { sequence, capturedAtUnixMs } = wire;
  if (sequence < 1n || sequence > MAX_NUMBER) {
    return refuse(Reason.PROTOCOL_ERROR, `Expected a sequence from 1 to 2^53, got ${sequence}`);
  }
  if (capturedAtUnixMs < 0n || capturedAtUnixMs > MAX_NUMBER) {
    return refuse(Reason.PROTOCOL_ERROR, `Expected a time of capture since 1970, got ${capturedAtUnixMs} ms`);
  }
  const decoded = decode(wire, context.decoder);
  if (decoded instanceof EtcdscopeError) {
    const reason = decoded.code === "LIMIT_EXCEEDED" ? Reason.LIMIT_EXCEEDED : Reason.PROTOCOL_ERROR;
    return refuse(reason, decoded.message);
  }
  if (state.held.has(sequence)) {
    return { state, decision: { kind: "duplicate", sequence } };
  }
  state.held.add(sequence);
  if (state.held.ranges().length > 2 * LIMITS.heldRanges) {
    return refuse(
      Reason.LIMIT_EXCEEDED,
      `Expected frames in order but for what was kept, got ${LIMITS.heldRanges} gaps`,
    );
  }
  return { state, decision: { kind: "take", frame: decoded } };
}

function decode(wire: WireFrame, decoder: FrameDecoder): Frame | EtcdscopeError {
  try {
    return decoder.decode(wire);
  } catch (error) {
    return EtcdscopeError.from(error, "PROTOCOL_ERROR");
  }
}

function refuse(reason: Reason, text: string): AcceptStep {
  return { state: { kind: "closed" }, decision: { kind: "refuse", reason, text } };
}

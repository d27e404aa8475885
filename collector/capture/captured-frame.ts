/** A frame ⇄ the message that a capture has of it (proto/etcdscope/v1/capture.proto); redacted on its way out. */
import { create } from "@bufbuild/protobuf";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { FrameDecoder, FrameEncoder } from "../../shared/frame-codec.ts";
import { CapturedFrameSchema, type CapturedFrame } from "../../shared/gen/etcdscope/v1/capture_pb.js";
import { redactFrame } from "./redact-capture.ts";

/** The encoder is that of the frame's agent and instance. */
export function toCapturedFrame(received: ReceivedFrame, encoder: FrameEncoder): CapturedFrame {
  const { agent, instanceId, agentVersion, receivedAtMs, frame } = received;
  return create(CapturedFrameSchema, {
    node: agent.node,
    instanceId,
    agentVersion,
    receivedAtUnixMs: BigInt(Math.round(receivedAtMs)),
    frame: redactFrame(encoder.encode(frame)),
  });
}

/** undefined: it holds no frame. Throws what the decoder does. */
export function toReceivedFrame(
  message: CapturedFrame,
  { cluster, decoder }: { readonly cluster: string; readonly decoder: FrameDecoder },
): ReceivedFrame | undefined {
  const { node, instanceId, agentVersion, receivedAtUnixMs, frame } = message;
  return frame === undefined
    ? undefined
    : {
        agent: { cluster, node },
        instanceId,
        agentVersion,
        receivedAtMs: Number(receivedAtUnixMs),
        frame: decoder.decode(frame),
      };
}

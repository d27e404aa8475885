/**
 * Joins generated service descriptions to gRPC: method definitions, message bytes with their size limit in one
 * place, and mutual TLS. Of grpc-js only types: the agent does without it.
 */
import type { TlsOptions } from "node:tls";
import type { ChannelOptions, MethodDefinition } from "@grpc/grpc-js";
import {
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageShape,
} from "@bufbuild/protobuf";
import { EtcdscopeError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** PEM texts of one side's identity and of the authority that the other side must have been signed by. */
export interface TlsMaterial {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * A grpc-js method whose messages are bytes: encoding and decoding happen in encodeMessage and decodeMessage, so that a
 * message that cannot be read is answered in the protocol's own words instead of breaking the transport.
 */
export function methodDefinition(method: DescMethod): MethodDefinition<Uint8Array, Uint8Array> {
  const isRequestStream = method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming";
  const isResponseStream = method.methodKind === "bidi_streaming" || method.methodKind === "server_streaming";
  return {
    path: methodPath(method),
    requestStream: isRequestStream,
    responseStream: isResponseStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  };
}

/** "/package.Service/Method" */
export function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Bytes of a message. Throws LIMIT_EXCEEDED when the other side would refuse them. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Uint8Array {
  const bytes = toBinary(schema, message);
  if (bytes.length > LIMITS.messageBytes) {
    throw new EtcdscopeError(
      "LIMIT_EXCEEDED",
      `Expected a message of at most ${LIMITS.messageBytes} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

/** The message that the bytes hold. Throws PROTOCOL_ERROR when they hold none. Unknown fields are kept, for a newer reader. */
export function decodeMessage<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    throw new EtcdscopeError("PROTOCOL_ERROR", `Expected a ${schema.typeName} message, got other bytes`, {
      cause: error,
    });
  }
}

/** Channel options that both sides share. */
export const MESSAGE_LIMIT_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": LIMITS.messageBytes,
  "grpc.max_send_message_length": LIMITS.messageBytes,
  "grpc.enable_channelz": 0,
};

/**
 * A listener's half of mutual TLS. The peer's certificate is asked for and checked, but the handshake is let through, so
 * that whoever accepts the socket can say why it was not authorized: it must destroy one that is not. A peer that offers other
 * protocols than these, preferred first, is told so and let go.
 */
export function serverTlsOptions(tls: TlsMaterial, alpnProtocols: readonly string[] = ["h2"]): TlsOptions {
  return {
    ca: tls.ca,
    cert: tls.cert,
    key: tls.key,
    requestCert: true,
    rejectUnauthorized: false,
    // Both sides are ours: no renegotiation, no older ciphers.
    minVersion: "TLSv1.3",
    // As a list each connection would hold a copy of it, and with it the 64 KiB from which Node cuts small buffers.
    ALPNCallback: ({ protocols }) => alpnProtocols.find((name) => protocols.includes(name)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

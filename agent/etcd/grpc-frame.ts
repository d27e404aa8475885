/** gRPC's framing of one message: a byte for compression (never asked for), four for the length, then the message. */
import { EtcdscopeError } from "../../shared/errors.ts";

const PREFIX_BYTES = 5;
/** Far above any answer of etcd that the agent asks for: a member list of 32 is about 10 KiB. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

export function encodeGrpcFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(PREFIX_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** The one message of a unary answer. */
export function decodeGrpcFrame(chunks: readonly Buffer[]): Uint8Array {
  const whole = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  if (whole === undefined || whole.length < PREFIX_BYTES || whole[0] !== 0) {
    throw malformed(`a frame of ${whole?.length ?? 0} bytes`);
  }
  const length = whole.readUInt32BE(1);
  if (length !== whole.length - PREFIX_BYTES) {
    throw malformed(`${whole.length - PREFIX_BYTES} bytes where ${length} were announced`);
  }
  return whole.subarray(PREFIX_BYTES);
}

function malformed(came: string): EtcdscopeError {
  return new EtcdscopeError("PROTOCOL_ERROR", `Expected one uncompressed gRPC message, came ${came}`, {
    reason: "protocol",
  });
}

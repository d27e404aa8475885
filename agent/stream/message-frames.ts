/** gRPC's framing of a stream's messages: a byte for compression (never asked for), four for the length, then the message. */
import { EtcdscopeError } from "../../shared/errors.ts";
import { LIMITS } from "../../shared/limits.ts";

const PREFIX_BYTES = 5;

export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** Cuts what arrives into messages, wherever the transport has cut it. Holds at most one message. */
export class MessageCutter {
  #rest: Buffer | undefined;

  /** The messages that are whole now. Throws PROTOCOL_ERROR on one that is compressed or longer than allowed. */
  cut(chunk: Buffer): readonly Uint8Array[] {
    let bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Uint8Array[] = [];
    while (bytes.length >= PREFIX_BYTES) {
      const length = bytes.readUInt32BE(1);
      if (bytes[0] !== 0) {
        throw new EtcdscopeError("PROTOCOL_ERROR", "Expected an uncompressed gRPC message");
      }
      if (length > LIMITS.messageBytes) {
        throw new EtcdscopeError(
          "PROTOCOL_ERROR",
          `Expected a message of at most ${LIMITS.messageBytes} bytes, ${length} were announced`,
        );
      }
      if (bytes.length < PREFIX_BYTES + length) {
        break;
      }
      messages.push(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
      bytes = bytes.subarray(PREFIX_BYTES + length);
    }
    this.#rest = bytes.length === 0 ? undefined : bytes;
    return messages;
  }
}

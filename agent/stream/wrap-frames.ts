/** ConnectRequests around Frame messages that are bytes already. Pure. */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ConnectRequestSchema, FrameBatchSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";

/** One message for all of these: a frame's where there is one, a batch's where there are more. */
export function wrapFrames(frames: readonly Uint8Array[]): Uint8Array {
  const [only] = frames;
  if (only !== undefined && frames.length === 1) {
    return new BinaryWriter()
      .tag(ConnectRequestSchema.field.frame.number, WireType.LengthDelimited)
      .bytes(only)
      .finish();
  }
  const writer = new BinaryWriter()
    .tag(ConnectRequestSchema.field.frameBatch.number, WireType.LengthDelimited)
    .fork();
  for (const frame of frames) {
    writer.tag(FrameBatchSchema.field.frames.number, WireType.LengthDelimited).bytes(frame);
  }
  return writer.join().finish();
}

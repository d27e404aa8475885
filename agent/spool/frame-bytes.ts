/** Frames → the bytes of the wire's Frame message, never more than a collector takes: for a stream, or a file of the spool. */
import { toBinary } from "@bufbuild/protobuf";
import type { Frame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { checkFrame, LIMITS } from "../../shared/limits.ts";
import type { Logger } from "../../shared/log-line.ts";
import { fitFrame } from "./fit-frame.ts";

/** Room for what goes around a frame, and is added to it, on its way. */
const ENVELOPE_BYTES = 64;

export interface EncodedFrame {
  readonly bytes: Uint8Array;
  /** Later frames use what this one defines. */
  readonly defines: boolean;
}

export interface FrameBytes {
  /** undefined for a frame that cannot be cut to the limits, which is told and passed over. */
  encode(frame: Frame): EncodedFrame | undefined;
  /** Parts of frames that broke a limit. */
  leftOutTotal(): number;
}

/** One lives as long as the dictionaries that its frames define. */
export function createFrameBytes(log: Logger): FrameBytes {
  const encoder = createFrameEncoder();
  let cut = 0;

  function encode(frame: Frame): EncodedFrame | undefined {
    const wire = encoder.encode(frame);
    const defines = wire.series.length > 0 || wire.probes.length > 0;
    const bytes = toBinary(FrameSchema, wire);
    if (isSendable(bytes) && checkFrame(wire, bytes.length) === undefined) {
      return { bytes, defines };
    }
    const fitted = fitFrame(wire);
    cut += fitted.leftOut;
    const sequence = String(frame.sequence);
    log.warn({ sequence, leftOut: fitted.leftOut }, "Frame was cut to the limits of the wire.");
    const fittedBytes = toBinary(FrameSchema, fitted.frame);
    if (isSendable(fittedBytes)) {
      return { bytes: fittedBytes, defines };
    }
    log.error({ sequence, bytes: fittedBytes.length }, "Frame cannot be sent and is passed over.");
    return undefined;
  }

  return { encode, leftOutTotal: () => encoder.leftOutTotal() + cut };
}

function isSendable(bytes: Uint8Array): boolean {
  return bytes.length + ENVELOPE_BYTES <= LIMITS.messageBytes;
}

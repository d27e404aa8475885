/** Frames → the bytes of the wire's Frame message, never more than a collector takes: for a stream, or a file of the spool. */
import { toBinary } from "@bufbuild/protobuf";
import type { Frame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import { FrameSchema, type Frame as WireFrame } from "../../shared/gen/etcdscope/v1/stream_pb.js";
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
  encode(frame: Frame): EncodedFrame;
  /** Parts of frames that broke a limit. */
  leftOutTotal(): number;
}

/** One lives as long as the dictionaries that its frames define. */
export function createFrameBytes(log: Logger): FrameBytes {
  const encoder = createFrameEncoder();
  let cut = 0;

  function encode(frame: Frame): EncodedFrame {
    const wire = encoder.encode(frame);
    const bytes = toBinary(FrameSchema, wire);
    if (isSendable(bytes) && checkFrame(wire, bytes.length) === undefined) {
      return { bytes, defines: isDefining(wire) };
    }
    const cutBefore = cut;
    const fitted = fit(frame, wire);
    log.warn(
      { sequence: String(frame.sequence), leftOut: cut - cutBefore },
      "Frame was cut to the limits of the wire.",
    );
    return fitted;
  }

  /** Definitions cannot be cut, only put off: half of what uses them goes, until the rest fits; the next frames bring more. */
  function fit(frame: Frame, wire: WireFrame): EncodedFrame {
    const fitted = fitFrame(wire);
    const bytes = toBinary(FrameSchema, fitted.frame);
    const { samples, probeRuns } = frame;
    if (isSendable(bytes) || samples.length + probeRuns.length === 0) {
      cut += fitted.leftOut;
      return { bytes, defines: isDefining(wire) };
    }
    encoder.withdraw();
    const half: Frame =
      samples.length >= probeRuns.length
        ? { ...frame, samples: samples.slice(0, samples.length >> 1) }
        : { ...frame, probeRuns: probeRuns.slice(0, probeRuns.length >> 1) };
    cut += samples.length + probeRuns.length - half.samples.length - half.probeRuns.length;
    return fit(half, encoder.encode(half));
  }

  return { encode, leftOutTotal: () => encoder.leftOutTotal() + cut };
}

function isDefining({ series, probes }: WireFrame): boolean {
  return series.length > 0 || probes.length > 0;
}

function isSendable(bytes: Uint8Array): boolean {
  return bytes.length + ENVELOPE_BYTES <= LIMITS.messageBytes;
}

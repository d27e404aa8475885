/**
 * The file of a capture, version 1:
 *   one line of JSON (CaptureHeader), so that `head -1` tells what it is;
 *   one zstd stream of length-delimited CapturedFrame messages (proto/etcdscope/v1/capture.proto), oldest first by capture;
 *   32 bytes: the SHA-256 of all that stands before them.
 * A reader refuses a greater version; within a version only fields are added, which older readers skip.
 */
import { sizeDelimitedEncode, sizeDelimitedPeek } from "@bufbuild/protobuf/wire";
import { fromBinary } from "@bufbuild/protobuf";
import { createHash } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ReceivedFrame } from "../../shared/frame.ts";
import {
  createFrameDecoder,
  createFrameEncoder,
  type FrameDecoder,
  type FrameEncoder,
} from "../../shared/frame-codec.ts";
import { CapturedFrameSchema } from "../../shared/gen/etcdscope/v1/capture_pb.js";
import type { Finding } from "../../shared/rest.ts";
import { toCapturedFrame, toReceivedFrame } from "./captured-frame.ts";
import { decodeFactsAtStart, FACTS_AT_START, type FactsAtStart, type NodeAtStart } from "./facts-at-start.ts";
import { redactTexts } from "./redact-capture.ts";

export const CAPTURE_FORMAT = "etcdscope-capture";
export const CAPTURE_VERSION = 1;
const CHECKSUM_BYTES = 32;
const NEW_LINE = 10;
/** Some thousand findings that were active fit; more is no header. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
/** Six hours of seven nodes are a third of it. */
const MAX_INFLATED_BYTES = 2 ** 30;

export interface CaptureHeader {
  readonly cluster: string;
  /** The span asked for. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Frames are there from here on: what was in force when the span begins comes with them. */
  readonly beginMs: number;
  readonly writtenAtMs: number;
  /** Version of the collector. */
  readonly writtenBy: string;
  /** As the collector judged by. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly expectedVoters: number | null;
  /** At beginMs. */
  readonly activeFindings: readonly Finding[];
  /** Of nodes without a frame before the span; absent where there are none, and in what was written before there was this. */
  readonly factsAtStart?: FactsAtStart | undefined;
}

export interface Capture {
  readonly header: CaptureHeader;
  readonly frames: readonly ReceivedFrame[];
  /** Nodes that are known before the first frame, from the header. */
  readonly nodesAtStart: readonly NodeAtStart[];
  /** Lower-case hex. */
  readonly sha256: string;
}

const TEXT = z.object({ en: z.string(), zh: z.string() });
const FINDING = z.looseObject({
  id: z.string(),
  code: z.string(),
  severity: z.enum(["critical", "warning", "info"]),
  subject: z.looseObject({ kind: z.enum(["member", "node", "link", "cluster"]), name: z.string() }),
  since: z.string(),
  lastSeen: z.string(),
  confidence: z.enum(["certain", "likely", "possible"]),
  title: TEXT,
  detail: TEXT,
  evidence: z.array(z.looseObject({ node: z.string(), source: z.string(), at: z.string(), text: TEXT })),
});
const VERSION = z.looseObject({ format: z.literal(CAPTURE_FORMAT), version: z.int() });
const HEADER = z.looseObject({
  cluster: z.string(),
  fromMs: z.number(),
  toMs: z.number(),
  beginMs: z.number(),
  writtenAtMs: z.number(),
  writtenBy: z.string(),
  thresholds: z.record(z.string(), z.number()),
  expectedVoters: z.number().nullable(),
  activeFindings: z.array(FINDING),
  factsAtStart: FACTS_AT_START.optional(),
});

/** Redacted. */
export function encodeHeader(header: CaptureHeader): Buffer {
  const activeFindings = redactTexts(header.activeFindings);
  const line = { format: CAPTURE_FORMAT, version: CAPTURE_VERSION, ...header, activeFindings };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

/** Turns frames into messages one after the other; redacted. */
export function createCaptureEncoder(): (received: ReceivedFrame) => Uint8Array {
  const encoders = new Map<string, FrameEncoder>();
  return (received) => {
    const key = `${received.agent.node}\0${received.instanceId}`;
    const encoder = encoders.get(key) ?? createFrameEncoder();
    encoders.set(key, encoder);
    return sizeDelimitedEncode(CapturedFrameSchema, toCapturedFrame(received, encoder));
  };
}

/** Throws ARGUMENT_INVALID for what is no capture or a newer one, STORAGE_CORRUPT for a damaged one. */
export function parseCapture(bytes: Buffer): Capture {
  const end = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(NEW_LINE);
  const written = end < 0 ? undefined : parseJson(bytes.subarray(0, end).toString());
  const version = VERSION.safeParse(written);
  if (!version.success) {
    throw new EtcdscopeError(
      "ARGUMENT_INVALID",
      "Expected a file that etcdscope capture wrote; this is none",
    );
  }
  if (version.data.version > CAPTURE_VERSION) {
    throw new EtcdscopeError(
      "ARGUMENT_INVALID",
      `The capture has format ${version.data.version}, and this etcdscope reads up to ${CAPTURE_VERSION}: use a newer one`,
    );
  }
  const body = bytes.subarray(0, Math.max(end + 1, bytes.length - CHECKSUM_BYTES));
  const sha256 = createHash("sha256").update(body).digest();
  const header = HEADER.safeParse(written);
  if (!header.success || !sha256.equals(bytes.subarray(body.length))) {
    throw damaged("its checksum does not match");
  }
  return {
    header: header.data as unknown as CaptureHeader,
    frames: decodeFrames(inflate(body.subarray(end + 1)), header.data.cluster),
    nodesAtStart: decodeNodes(header.data as unknown as CaptureHeader),
    sha256: sha256.toString("hex"),
  };
}

function decodeNodes({ factsAtStart, cluster }: CaptureHeader): readonly NodeAtStart[] {
  try {
    return factsAtStart === undefined ? [] : decodeFactsAtStart(factsAtStart, cluster);
  } catch (cause) {
    throw damaged("the facts of a node cannot be read", cause);
  }
}

function decodeFrames(messages: Buffer, cluster: string): readonly ReceivedFrame[] {
  const decoders = new Map<string, FrameDecoder>();
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at < messages.length;) {
    const { size, offset } = peekSize(messages.subarray(at));
    if (size === null || at + offset + size > messages.length) {
      throw damaged("a frame is cut short");
    }
    const message = messages.subarray(at + offset, at + offset + size);
    frames.push(decodeFrame(message, { decoders, cluster }));
    at += offset + size;
  }
  return frames;
}

function decodeFrame(
  message: Uint8Array,
  { decoders, cluster }: { readonly decoders: Map<string, FrameDecoder>; readonly cluster: string },
): ReceivedFrame {
  try {
    const captured = fromBinary(CapturedFrameSchema, message);
    const key = `${captured.node}\0${captured.instanceId}`;
    const decoder = decoders.get(key) ?? createFrameDecoder();
    decoders.set(key, decoder);
    const received = toReceivedFrame(captured, { cluster, decoder });
    if (received === undefined) {
      throw damaged("a frame is empty");
    }
    return received;
  } catch (cause) {
    throw damaged("a frame cannot be read", cause);
  }
}

function peekSize(bytes: Buffer): ReturnType<typeof sizeDelimitedPeek> {
  try {
    return sizeDelimitedPeek(bytes);
  } catch (cause) {
    throw damaged("the length of a frame cannot be read", cause);
  }
}

function inflate(bytes: Buffer): Buffer {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw damaged("its frames cannot be decompressed", cause);
  }
}

function damaged(why: string, cause?: unknown): EtcdscopeError {
  return new EtcdscopeError(
    "STORAGE_CORRUPT",
    `The capture is damaged or cut short: ${why}; fetch it again`,
    {
      cause,
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The records of a spool file: length, checksum, body. A file begins with the Hello of the run whose frames it holds;
 * its frames define the series and probes that they use, so that each file can be read, or dropped, by itself. Pure.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { crc32 } from "node:zlib";
import { HelloSchema, type Hello } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";

/** Length and CRC-32 of the body, little endian. */
const ENVELOPE_BYTES = 8;
/** Sequence, capture, flags. */
const PREFIX_BYTES = 17;
const FLAG = { hasClockOffset: 1, defines: 2 } as const;

export interface SpoolRecord {
  readonly sequence: bigint;
  readonly capturedAtMs: number;
  /** The frame says how far the node's clock is off; otherwise that was not known when it was written. */
  readonly hasClockOffset: boolean;
  /** Later frames of the file use what this one defines. */
  readonly defines: boolean;
  /** The wire's Frame message. */
  readonly frame: Uint8Array;
}

export interface ScannedSegment {
  /** undefined: the file's very beginning is damaged, and nothing in it can be used. */
  readonly hello: Hello | undefined;
  readonly records: readonly SpoolRecord[];
  /** What comes after is torn or damaged. */
  readonly validBytes: number;
}

export function encodeHeader(hello: Hello): Buffer {
  return envelope(toBinary(HelloSchema, hello));
}

export function encodeRecord(record: SpoolRecord): Buffer {
  const body = Buffer.alloc(PREFIX_BYTES + record.frame.length);
  body.writeBigUInt64LE(record.sequence, 0);
  body.writeDoubleLE(record.capturedAtMs, 8);
  body.writeUInt8(
    (record.hasClockOffset ? FLAG.hasClockOffset : 0) | (record.defines ? FLAG.defines : 0),
    16,
  );
  body.set(record.frame, PREFIX_BYTES);
  return envelope(body);
}

/** Every record up to the first that is torn or damaged. Never throws. */
export function scanSegment(bytes: Buffer): ScannedSegment {
  const head = readBody(bytes, 0);
  const hello = head === undefined ? undefined : parseHello(head);
  if (head === undefined || hello === undefined) {
    return { hello: undefined, records: [], validBytes: 0 };
  }
  const records: SpoolRecord[] = [];
  let at = ENVELOPE_BYTES + head.length;
  for (;;) {
    const body = readBody(bytes, at);
    if (body === undefined || body.length < PREFIX_BYTES) {
      return { hello, records, validBytes: at };
    }
    records.push({
      sequence: body.readBigUInt64LE(0),
      capturedAtMs: body.readDoubleLE(8),
      hasClockOffset: (body.readUInt8(16) & FLAG.hasClockOffset) !== 0,
      defines: (body.readUInt8(16) & FLAG.defines) !== 0,
      frame: body.subarray(PREFIX_BYTES),
    });
    at += ENVELOPE_BYTES + body.length;
  }
}

function readBody(bytes: Buffer, at: number): Buffer | undefined {
  if (at + ENVELOPE_BYTES > bytes.length) {
    return undefined;
  }
  const length = bytes.readUInt32LE(at);
  const end = at + ENVELOPE_BYTES + length;
  if (length > LIMITS.messageBytes || end > bytes.length) {
    return undefined;
  }
  const body = bytes.subarray(at + ENVELOPE_BYTES, end);
  return crc32(body) === bytes.readUInt32LE(at + 4) ? body : undefined;
}

function parseHello(body: Buffer): Hello | undefined {
  try {
    const hello = fromBinary(HelloSchema, body);
    return hello.instanceId === "" ? undefined : hello;
  } catch {
    return undefined; // an intact record of something else
  }
}

function envelope(body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(ENVELOPE_BYTES + body.length);
  bytes.writeUInt32LE(body.length, 0);
  bytes.writeUInt32LE(crc32(body), 4);
  bytes.set(body, ENVELOPE_BYTES);
  return bytes;
}

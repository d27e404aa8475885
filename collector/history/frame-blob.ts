/** A frame as the bytes of one row: the wire's Frame message under the history's numbers, perhaps compressed. Pure. */
import { fromBinary } from "@bufbuild/protobuf";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Frame } from "../../shared/frame.ts";
import { nameFrame, type NumberedNames } from "../../shared/frame-codec.ts";
import { FrameSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { LIMITS } from "../../shared/limits.ts";

/** Values of the column `encoding`. */
export const BLOB_ENCODING = { plain: 0, zstd: 1 } as const;

/** Below this, which is most frames, a blob is kept as it is for the hour until it is compacted: it would cost more time than any other step. */
const COMPRESS_MIN_BYTES = 2048;

/** Level 1 is the fastest; higher ones gain little on one frame. */
const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A frame may grow over the wire's limit by its larger numbers. */
const INFLATE_OPTIONS = { maxOutputLength: 2 * LIMITS.messageBytes };

/** Throws STORAGE_CORRUPT when the bytes hold no frame, or one whose names are unknown. */
export function decodeBlob(blob: Uint8Array, names: NumberedNames): Frame {
  try {
    return nameFrame(fromBinary(FrameSchema, blob), names);
  } catch (error) {
    throw new EtcdscopeError("STORAGE_CORRUPT", "Expected a stored frame, got other bytes", { cause: error });
  }
}

export interface StoredBlob {
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

export function compressBlob(blob: Uint8Array): StoredBlob {
  if (blob.length >= COMPRESS_MIN_BYTES) {
    const bytes = zstdCompressSync(blob, ZSTD_OPTIONS);
    if (bytes.length < blob.length) {
      return { encoding: BLOB_ENCODING.zstd, bytes };
    }
  }
  return { encoding: BLOB_ENCODING.plain, bytes: blob };
}

/** Throws STORAGE_CORRUPT when it cannot be inflated. */
export function inflateBlob(stored: StoredBlob): Uint8Array {
  if (stored.encoding === BLOB_ENCODING.plain) {
    return stored.bytes;
  }
  try {
    return zstdDecompressSync(stored.bytes, INFLATE_OPTIONS);
  } catch (error) {
    throw new EtcdscopeError("STORAGE_CORRUPT", "Expected a compressed frame, got other bytes", {
      cause: error,
    });
  }
}

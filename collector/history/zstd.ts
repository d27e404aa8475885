/** zstd as the history uses it: one level a purpose, and bounded when it inflates. Pure. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { EtcdscopeError } from "../../shared/errors.ts";

/** Level 3: higher ones gain less than a hundredth on columns, for several times the time. */
const COLUMN_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** No block that was written holds more. */
const INFLATE_OPTIONS = { maxOutputLength: 512 * 1024 * 1024 };

export function deflateColumns(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, COLUMN_OPTIONS);
}

/** Throws STORAGE_CORRUPT when it cannot be inflated. */
export function inflateColumns(bytes: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(bytes, INFLATE_OPTIONS);
  } catch (error) {
    throw new EtcdscopeError("STORAGE_CORRUPT", "Expected a compressed block, got other bytes", {
      cause: error,
    });
  }
}

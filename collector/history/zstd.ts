/** zstd as the history uses it: one level a purpose, and bounded when it inflates. Pure. */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { EtcdscopeError } from "../../shared/errors.ts";

/** Level 3: higher ones gain less than a hundredth on columns, for several times the time. */
const COLUMN_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** Level 6: a twentieth smaller than 3, where frames lie as they came; what it costs is lost in the rest of packing them. */
const LANDED_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 6 } };
/** No block that was written holds more. */
const INFLATE_OPTIONS = { maxOutputLength: 512 * 1024 * 1024 };

export function deflateColumns(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, COLUMN_OPTIONS);
}

export function deflateLanded(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes, LANDED_OPTIONS);
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

/** The front of a bbolt file → whether etcd can open it at all: one of its two meta pages must be whole. Pure. */

/** Covers the second meta page whatever the page size of the machine that made the file. */
export const BOLT_FRONT_BYTES = 128 * 1024 + 128;

const PAGE_HEADER = 16;
const MAGIC = 0xed0cdaed;
const VERSION = 2;
/** magic, version, page size, flags, root (2 × 8), freelist, high water mark, transaction: then the checksum. */
const CHECKED_BYTES = 56;
/** bbolt takes the machine's page size, and looks for the second page at each of these when the first is damaged. */
const PAGE_SIZES = Array.from({ length: 8 }, (_, index) => 1024 << index);

export function hasBoltMeta(front: Buffer): boolean {
  return isMeta(front, 0) || PAGE_SIZES.some((size) => isMeta(front, size));
}

function isMeta(front: Buffer, page: number): boolean {
  const at = page + PAGE_HEADER;
  return (
    front.length >= at + CHECKED_BYTES + 8 &&
    front.readUInt32LE(at) === MAGIC &&
    front.readUInt32LE(at + 4) === VERSION &&
    front.readBigUInt64LE(at + CHECKED_BYTES) === fnv64a(front.subarray(at, at + CHECKED_BYTES))
  );
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}

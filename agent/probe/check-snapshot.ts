/**
 * What makes a file a good etcd snapshot, without etcd's tools: they need not be here, and "snapshot status" does not check the
 * hash. Pure: bytes and sizes in, a check out.
 */
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";

/** etcd appends the sha256 of the database to it. */
export const TRAILER_BYTES = 32;
/** A database is a number of pages, whose size is a multiple of this. */
const SECTOR_BYTES = 512;
/** Both meta pages of a database of the largest usual page size (64 KiB on some arm64 machines). */
export const HEAD_BYTES = 128 * 1024 + 80;

const META_AT = 16;
const META_BYTES = 64;
const BOLT_MAGIC = 0xed0cdaed;
const BOLT_VERSION = 2;

export interface SnapshotCheck {
  readonly check: BackupCheck;
  readonly problem: string;
}

const COMPRESSED = /\.(gz|tgz|zip|zst|xz|bz2|lz4|enc|gpg|age)$/i;
/** etcdctl writes to X.part and renames it; the others lie beside snapshots and are none. */
const NO_SNAPSHOT =
  /(^|\/)\.|\.(part|tmp|partial|sha256|sha256sum|md5|log|json|ya?ml|txt|sh|lock|wal|crc|meta)$/i;

export function isSnapshotName(name: string): boolean {
  return !NO_SNAPSHOT.test(name);
}

export function isCompressedName(name: string): boolean {
  return COMPRESSED.test(name);
}

/** What the size and the first bytes show; undefined: nothing wrong so far, the hash decides. */
export function checkHead(head: Buffer, sizeBytes: number): SnapshotCheck | undefined {
  if (sizeBytes === 0) {
    return { check: BackupCheck.TRUNCATED, problem: "The file is empty" };
  }
  const metas = findMetas(head);
  if (metas.length === 0) {
    const isLarge = sizeBytes >= META_AT + META_BYTES;
    return {
      check: isLarge ? BackupCheck.NOT_A_DATABASE : BackupCheck.TRUNCATED,
      problem: isLarge
        ? "It does not begin with a valid page of a database"
        : `It has only ${sizeBytes} bytes`,
    };
  }
  // The newest transaction says how far the database goes.
  const newest = metas.reduce((one, other) => (other.transaction > one.transaction ? other : one));
  const dataBytes = sizeBytes % SECTOR_BYTES === TRAILER_BYTES ? sizeBytes - TRAILER_BYTES : sizeBytes;
  if (newest.endBytes > BigInt(dataBytes)) {
    return {
      check: BackupCheck.TRUNCATED,
      problem: `Its pages go to byte ${newest.endBytes}, and it has ${sizeBytes}`,
    };
  }
  return sizeBytes % SECTOR_BYTES === TRAILER_BYTES
    ? undefined
    : {
        check: BackupCheck.TRUNCATED,
        problem:
          "It has no sha256 at its end: cut off, or a copy of the database's file instead of a snapshot",
      };
}

interface Meta {
  readonly transaction: bigint;
  readonly endBytes: bigint;
}

/** The valid ones of the two meta pages; the page size is in the first, or is one of the usual ones. */
function findMetas(head: Buffer): readonly Meta[] {
  const first = readMeta(head, 0);
  const candidates = first === undefined ? [4096, 8192, 16_384, 65_536] : [first.pageBytes];
  const second = candidates
    .map((pageBytes) => readMeta(head, pageBytes))
    .find((meta, index) => meta?.pageBytes === candidates[index]);
  return [first, second].filter((meta) => meta !== undefined);
}

function readMeta(head: Buffer, pageAt: number): (Meta & { readonly pageBytes: number }) | undefined {
  const at = pageAt + META_AT;
  if (head.length < at + META_BYTES) {
    return undefined;
  }
  const isMeta =
    head.readUInt32LE(at) === BOLT_MAGIC &&
    head.readUInt32LE(at + 4) === BOLT_VERSION &&
    head.readBigUInt64LE(at + 56) === fnv64a(head.subarray(at, at + 56));
  const pageBytes = head.readUInt32LE(at + 8);
  return isMeta && pageBytes >= SECTOR_BYTES
    ? {
        pageBytes,
        endBytes: head.readBigUInt64LE(at + 40) * BigInt(pageBytes),
        transaction: head.readBigUInt64LE(at + 48),
      }
    : undefined;
}

/** The checksum that a meta page carries. */
function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}

/**
 * Checks snapshot files little by little: a large one is hashed in slices over many runs of the probe, once, so that neither the
 * disk nor the agent feels it.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { posix } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";
import { BackupCheck } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { ListedFile } from "../host/list-files.ts";
import { checkHead, HEAD_BYTES, isCompressedName, TRAILER_BYTES } from "./check-snapshot.ts";
import type { SnapshotCheck } from "./check-snapshot.ts";
import type { ProbeContext } from "./probe.ts";

const SLICE_BYTES = 1024 * 1024;
/** A run reads this much; with two seconds between runs that is 16 MiB a second. */
const SLICES_A_RUN = 32;

interface Hashing {
  readonly identity: string;
  readonly hash: Hash;
  offset: number;
}

export class SnapshotChecker {
  readonly #done = new Map<string, SnapshotCheck>();
  #hashing: Hashing | undefined;
  #buffer: Buffer | undefined;

  /** What the check of a file showed; undefined while it has not come to its end. */
  find(file: ListedFile): SnapshotCheck | undefined {
    return this.#done.get(identify(file));
  }

  /** Looks at one file for the length of a run; a large one needs several. */
  async advance(directory: string, file: ListedFile, context: ProbeContext): Promise<void> {
    const identity = identify(file);
    try {
      const check = await this.#look(posix.join(directory, file.name), file, context);
      if (check === undefined) {
        return;
      }
      this.#done.set(identity, check);
    } catch (caught) {
      context.signal.throwIfAborted();
      this.#done.set(identity, { check: BackupCheck.UNKNOWN, problem: EtcdscopeError.from(caught).message });
    }
    this.#hashing = undefined;
    this.#buffer = undefined;
  }

  /** Forgets files that are no more. */
  keep(files: readonly ListedFile[]): void {
    const present = new Set(files.map(identify));
    for (const identity of this.#done.keys()) {
      if (!present.has(identity)) {
        this.#done.delete(identity);
      }
    }
  }

  async #look(path: string, file: ListedFile, context: ProbeContext): Promise<SnapshotCheck | undefined> {
    if (isCompressedName(file.name)) {
      return {
        check: BackupCheck.UNKNOWN,
        problem: "It is compressed or encrypted: only its size and age are known",
      };
    }
    const buffer = (this.#buffer ??= Buffer.allocUnsafe(SLICE_BYTES));
    const identity = identify(file);
    if (this.#hashing?.identity !== identity) {
      const read = await context.host.readFileInto(
        path,
        { offset: 0, buffer: buffer.subarray(0, HEAD_BYTES) },
        context.signal,
      );
      const bad = checkHead(buffer.subarray(0, Math.min(read, HEAD_BYTES)), file.sizeBytes);
      if (bad !== undefined) {
        return bad;
      }
      this.#hashing = { identity, hash: createHash("sha256"), offset: 0 };
    }
    return await this.#hash(path, file, context);
  }

  async #hash(path: string, file: ListedFile, context: ProbeContext): Promise<SnapshotCheck | undefined> {
    const [hashing, buffer] = [this.#hashing, this.#buffer];
    const dataBytes = file.sizeBytes - TRAILER_BYTES;
    for (let slice = 0; hashing !== undefined && buffer !== undefined && slice < SLICES_A_RUN; slice += 1) {
      const wanted = Math.min(SLICE_BYTES, dataBytes - hashing.offset);
      const part = buffer.subarray(0, wanted);
      const read = await context.host.readFileInto(
        path,
        { offset: hashing.offset, buffer: part },
        context.signal,
      );
      if (read < wanted) {
        return { check: BackupCheck.TRUNCATED, problem: "It has become shorter while it was read" };
      }
      hashing.hash.update(part);
      hashing.offset += wanted;
      if (hashing.offset === dataBytes) {
        const trailer = Buffer.alloc(TRAILER_BYTES);
        await context.host.readFileInto(path, { offset: dataBytes, buffer: trailer }, context.signal);
        return hashing.hash.digest().equals(trailer)
          ? { check: BackupCheck.VALID, problem: "" }
          : {
              check: BackupCheck.HASH_MISMATCH,
              problem: "Its bytes are not what the sha256 at its end says",
            };
      }
    }
    return undefined;
  }
}

function identify({ inode, modifiedAtMs, sizeBytes }: ListedFile): string {
  return `${inode}:${modifiedAtMs}:${sizeBytes}`;
}

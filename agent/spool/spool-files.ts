/**
 * The spool's folder: the only door to its files. Nothing in here is synced to the disk: what a crash of the machine
 * tears is cut when it is read, and frames are not worth an fsync beside etcd's own.
 */
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  truncate,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface SpoolFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

export interface SpoolSpace {
  readonly availableBytes: number;
  readonly sizeBytes: number;
}

/** Every call rejects with STORAGE_FULL or STORAGE_FAILED. */
export interface SpoolFiles {
  /** Makes the folder where it is missing. */
  list(): Promise<readonly SpoolFile[]>;
  read(name: string): Promise<Buffer>;
  /** Makes the file where it is missing. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  truncate(name: string, bytes: number): Promise<void>;
  /** One that is gone already is removed. */
  remove(name: string): Promise<void>;
  /** The whole of a small file; undefined when it is not there. */
  find(name: string): Promise<string | undefined>;
  /** Writes a small file as a whole or not at all. */
  replace(name: string, text: string): Promise<void>;
  readSpace(): Promise<SpoolSpace>;
}

export function createSpoolFiles(dir: string): SpoolFiles {
  return {
    list: () =>
      translated(dir, async () => {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        const files: SpoolFile[] = [];
        for (const entry of await readdir(dir, { withFileTypes: true })) {
          if (entry.isFile()) {
            const { size, mtimeMs } = await stat(join(dir, entry.name));
            files.push({ name: entry.name, bytes: size, modifiedAtMs: mtimeMs });
          }
        }
        return files;
      }),
    read: (name) => translated(dir, () => readFile(join(dir, name))),
    append: (name, bytes) => translated(dir, () => appendFile(join(dir, name), bytes, { mode: 0o600 })),
    truncate: (name, bytes) => translated(dir, () => truncate(join(dir, name), bytes)),
    remove: (name) => translated(dir, () => rm(join(dir, name), { force: true })),
    find: (name) =>
      translated(dir, async () => {
        try {
          return await readFile(join(dir, name), "utf8");
        } catch (error) {
          if (codeOf(error) === "ENOENT") {
            return undefined;
          }
          throw error;
        }
      }),
    replace: (name, text) =>
      translated(dir, async () => {
        await writeFile(join(dir, `${name}.new`), text, { mode: 0o600 });
        await rename(join(dir, `${name}.new`), join(dir, name));
      }),
    readSpace: () =>
      translated(dir, async () => {
        const { bavail, blocks, bsize } = await statfs(dir);
        return { availableBytes: bavail * bsize, sizeBytes: blocks * bsize };
      }),
  };
}

async function translated<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    const text = error instanceof Error ? error.message : String(error);
    throw new EtcdscopeError(isFull ? "STORAGE_FULL" : "STORAGE_FAILED", `Spool ${dir}: ${text}`, {
      cause: error,
      reason: isFull ? "no_space" : "not_writable",
    });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

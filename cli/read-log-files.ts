/** Log files, gzipped or not, and standard input as chunks of bytes; the one place where the `logs` command touches files. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { EtcdscopeError } from "../shared/errors.ts";

/** Larger ones are no faster, and leave more garbage. */
const CHUNK_BYTES = 64 * 1024;

/**
 * `path` is "-" for standard input. Errors name the file. A chunk is good until the next one is asked for: the same bytes are
 * filled again, since a gigabyte in fresh buffers would be held until somebody collects it.
 */
export async function* readLogFile(path: string): AsyncGenerator<Buffer> {
  try {
    if (path === "-") {
      yield* process.stdin as AsyncIterable<Buffer>;
      return;
    }
    const file = await open(path, "r");
    try {
      yield* (await isGzip(file)) ? unzip(path) : readAll(file);
    } finally {
      await file.close();
    }
  } catch (caught) {
    throw translate(caught, path);
  }
}

async function* readAll(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) {
      return;
    }
    yield buffer.subarray(0, bytesRead);
  }
}

async function* unzip(path: string): AsyncGenerator<Buffer> {
  // A fault of the source reaches whoever reads, through the unzipper.
  yield* pipeline(
    createReadStream(path),
    createGunzip({ chunkSize: CHUNK_BYTES }),
    () => undefined,
  ) as AsyncIterable<Buffer>;
}

async function isGzip(file: FileHandle): Promise<boolean> {
  if (!(await file.stat()).isFile()) {
    // A pipe (`<(zcat …)`) cannot be looked into without taking from it.
    return false;
  }
  const magic = Buffer.alloc(2);
  const { bytesRead } = await file.read(magic, 0, 2, 0);
  return bytesRead === 2 && magic.readUInt16BE() === 0x1f8b;
}

function translate(caught: unknown, path: string): EtcdscopeError {
  const { code, message } = caught as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new EtcdscopeError("ARGUMENT_INVALID", `${path}: there is no such file`, { cause: caught });
  }
  if (code === "EISDIR") {
    return new EtcdscopeError("ARGUMENT_INVALID", `${path}: expected a file, got a directory`, {
      cause: caught,
    });
  }
  const damaged = code?.startsWith("Z_") === true ? "the gzip data is damaged or cut off: " : "";
  return new EtcdscopeError("STORAGE_FAILED", `${path}: ${damaged}${message}`, { cause: caught });
}

/** Log files, gzipped or not, and standard input as chunks of bytes; the one place where the `logs` command touches files. */
import { createReadStream, openSync, readSync, closeSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream";
import type { Readable } from "node:stream";
import { EtcdscopeError } from "../shared/errors.ts";

/** Larger ones are no faster, and leave more garbage. */
const CHUNK_BYTES = 256 * 1024;

/** `path` is "-" for standard input. Errors name the file. */
export async function* readLogFile(path: string): AsyncGenerator<Buffer> {
  try {
    const isZipped = path !== "-" && isGzip(path);
    const source = path === "-" ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
    // A fault of the source reaches whoever reads, through the unzipper.
    const bytes: Readable = isZipped
      ? pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined)
      : source;
    for await (const chunk of bytes) {
      yield chunk as Buffer;
    }
  } catch (caught) {
    throw translate(caught, path);
  }
}

function isGzip(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const magic = Buffer.alloc(2);
    // A pipe (`<(zcat …)`) cannot be looked into without taking from it.
    return readSync(file, magic, 0, 2, 0) === 2 && magic.readUInt16BE() === 0x1f8b;
  } catch (caught) {
    if ((caught as NodeJS.ErrnoException).code === "ESPIPE") {
      return false;
    }
    throw caught;
  } finally {
    closeSync(file);
  }
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

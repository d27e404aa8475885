/** Log files and standard input as chunks of text; the one place where the `logs` command touches files. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { EtcdscopeError } from "../shared/errors.ts";
import { decodeLog } from "./decode-log.ts";

/** Larger ones are no faster, and leave more garbage. */
const CHUNK_BYTES = 64 * 1024;

/**
 * `path` is "-" for standard input. Errors name the file; what was read before one has been yielded. A chunk is good until the next one
 * is asked for: the same bytes are filled again, since a gigabyte in fresh buffers would be held until somebody collects it.
 */
export async function* readLogFile(path: string): AsyncGenerator<Buffer> {
  try {
    if (path === "-") {
      yield* decodeLog(process.stdin as AsyncIterable<Buffer>);
      return;
    }
    const file = await open(path, "r");
    try {
      yield* decodeLog(readAll(file));
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

function translate(caught: unknown, path: string): EtcdscopeError {
  if (caught instanceof EtcdscopeError) {
    return new EtcdscopeError(caught.code, `${path}: ${caught.message}`, { cause: caught });
  }
  const { code, message } = caught as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new EtcdscopeError("ARGUMENT_INVALID", `${path}: there is no such file`, { cause: caught });
  }
  if (code === "EISDIR") {
    return new EtcdscopeError("ARGUMENT_INVALID", `${path}: expected a file, got a directory`, {
      cause: caught,
    });
  }
  return new EtcdscopeError("STORAGE_FAILED", `${path}: ${message}`, { cause: caught });
}

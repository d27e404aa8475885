/** A log's bytes as they come → bytes of text: gzip, UTF-16 and byte order marks taken off; what is no text is refused. */
import { createGunzip } from "node:zlib";
import type { Gunzip } from "node:zlib";
import { EtcdscopeError } from "../shared/errors.ts";
import { SNIFF_BYTES, sniffLog } from "./sniff-log.ts";

export type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

/** A gzip of a gzip is a mistake; more is an attack. */
const MAX_LAYERS = 2;
const CHUNK_BYTES = 64 * 1024;
/** Handed to the unzipper at a time: it makes a thousand times as much of it at the most. */
const ZIPPED_BYTES = 4096;

/** A chunk is good until the next one is asked for. What was read before an error has been yielded. */
export async function* decodeLog(source: Chunks, layer = 1): AsyncGenerator<Buffer> {
  const chunks = iterate(source);
  const head = await readHead(chunks);
  if (head.length === 0) {
    return;
  }
  const all = chain(head, chunks);
  const encoding = sniffLog(head);
  switch (encoding.kind) {
    case "text":
      yield head.subarray(encoding.markBytes);
      yield* chunks;
      return;
    case "utf-16le":
    case "utf-16be":
      yield* decodeUtf16(all, encoding.kind);
      return;
    case "gzip":
      if (layer > MAX_LAYERS) {
        throw refuse("gzip, several times over", "decompress it first");
      }
      yield* decodeLog(unzip(all), layer + 1);
      return;
    case "other":
      throw refuse(encoding.name, encoding.hint);
  }
}

function refuse(name: string, hint: string): EtcdscopeError {
  return new EtcdscopeError("ARGUMENT_INVALID", `binary or compressed (${name}): ${hint}`);
}

async function* iterate(source: Chunks): AsyncGenerator<Buffer> {
  yield* source;
}

async function* chain(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}

/** The first chunk, and as many more as it takes to tell what it is. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < SNIFF_BYTES) {
    const { value, done } = await chunks.next();
    if (done === true) {
      break;
    }
    head = Buffer.concat([head, value]);
  }
  return head;
}

async function* decodeUtf16(chunks: Chunks, label: "utf-16le" | "utf-16be"): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(label);
  for await (const chunk of chunks) {
    yield Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  yield Buffer.from(decoder.decode());
}

/** Not by a pipeline: an error there throws away what was unzipped and not yet read. */
async function* unzip(chunks: Chunks): AsyncGenerator<Buffer> {
  const unzipper = createGunzip({ chunkSize: CHUNK_BYTES });
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  unzipper.on("data", (chunk: Buffer) => ready.push(chunk));
  unzipper.on("error", (error) => {
    failure = error;
  });
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length && failure === undefined; at += ZIPPED_BYTES) {
        await write(unzipper, chunk.subarray(at, at + ZIPPED_BYTES));
        yield* ready.splice(0);
      }
      if (failure !== undefined) {
        break;
      }
    }
    if (failure === undefined) {
      await end(unzipper);
      yield* ready.splice(0);
    }
    if (failure !== undefined) {
      throw new EtcdscopeError(
        "STORAGE_FAILED",
        `the gzip data is damaged or cut off: ${messageOf(failure)}`,
        {
          cause: failure,
        },
      );
    }
  } finally {
    unzipper.destroy();
  }
}

function write(unzipper: Gunzip, bytes: Buffer): Promise<void> {
  return new Promise((settle) => {
    unzipper.write(bytes, () => settle());
  });
}

function end(unzipper: Gunzip): Promise<void> {
  return new Promise((settle) => {
    unzipper.once("close", settle);
    unzipper.end();
  });
}

function messageOf(error: Error): string {
  return error.message;
}

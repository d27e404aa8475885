/** A capture as bytes, piece by piece: read from the history a minute at a time, so that its length is not its memory. */
import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress } from "node:zlib";
import type { ReceivedFrame } from "../../shared/frame.ts";
import type { Finding } from "../../shared/rest.ts";
import { ETCDSCOPE_VERSION } from "../../shared/version.ts";
import { createCaptureEncoder, encodeHeader } from "./capture-format.ts";
import { encodeFactsAtStart, type KnownNode, type SilentQuery } from "./facts-at-start.ts";

export interface CaptureRequest {
  readonly cluster: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface CaptureSources {
  readonly nowMs: number;
  /** In force now, with the time for which agents hold their frames: the replay of a span before that changed may see silence sooner or later. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly expectedVoters: number | undefined;
  /** In [fromMs, toMs) by capture, oldest first. */
  readonly readFrames: (cluster: string, fromMs: number, toMs: number) => Promise<readonly ReceivedFrame[]>;
  /** Nodes that had been heard before, and not from `silentSinceMs` until `atMs`, with their facts. */
  readonly readFactsAt: (query: SilentQuery) => Promise<readonly KnownNode[]>;
  /** A node that was not heard for longer is none of the cluster any more. */
  readonly forgottenAfterMs: number;
  /** Active at some time in [fromMs, toMs]. */
  readonly readFindings: (cluster: string, fromMs: number, toMs: number) => Promise<readonly Finding[]>;
}

/**
 * What was in force when the span begins comes with the frames before it, of who was silent then with the header: keyframes are a minute apart, the rings of the
 * rules two minutes long, and a rule may hold for as long again.
 */
export const CAPTURE_MARGIN_MS = 5 * 60_000;
/** A longer span is several files. */
export const MAX_CAPTURE_MS = 6 * 3_600_000;
const PAGE_MS = 60_000;

/** undefined: the history holds nothing of the cluster in the span, and no node had been heard before it that was still of the cluster. */
export async function writeCapture(
  request: CaptureRequest,
  sources: CaptureSources,
): Promise<AsyncIterable<Buffer> | undefined> {
  const { cluster, fromMs, toMs } = request;
  const beginMs = Math.max(0, fromMs - CAPTURE_MARGIN_MS);
  const pages = readPages({ cluster, fromMs: beginMs, toMs }, sources);
  const first = await pages.next();
  const [active, known] = await Promise.all([
    sources.readFindings(cluster, beginMs, beginMs),
    sources.readFactsAt({ cluster, atMs: fromMs, silentSinceMs: beginMs }),
  ]);
  const { forgottenAfterMs } = sources;
  const factsAtStart = encodeFactsAtStart(known, { cluster, beginMs, forgottenAfterMs });
  if (first.done === true && factsAtStart === undefined) {
    return undefined;
  }
  const header = encodeHeader({
    cluster,
    fromMs,
    toMs,
    beginMs,
    writtenAtMs: sources.nowMs,
    writtenBy: ETCDSCOPE_VERSION,
    thresholds: sources.thresholds,
    expectedVoters: sources.expectedVoters ?? null,
    activeFindings: active,
    factsAtStart,
  });
  return seal(header, encodePages(first.value ?? [], pages));
}

/** Pages with frames in them. */
async function* readPages(
  { cluster, fromMs, toMs }: CaptureRequest,
  sources: CaptureSources,
): AsyncGenerator<readonly ReceivedFrame[], undefined> {
  for (let atMs = fromMs; atMs < toMs; atMs += PAGE_MS) {
    const page = await sources.readFrames(cluster, atMs, Math.min(toMs, atMs + PAGE_MS));
    if (page.length > 0) {
      yield page;
    }
  }
  return undefined;
}

async function* encodePages(
  first: readonly ReceivedFrame[],
  rest: AsyncIterable<readonly ReceivedFrame[]>,
): AsyncGenerator<Buffer> {
  const encode = createCaptureEncoder();
  yield Buffer.concat(first.map(encode));
  for await (const page of rest) {
    yield Buffer.concat(page.map(encode));
  }
}

/** Header, compressed messages, checksum. */
async function* seal(header: Buffer, messages: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash("sha256").update(header);
  yield header;
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 9 } });
  // What goes wrong with the messages ends the compressor, and so the loop.
  pipeline(Readable.from(messages), zstd, () => undefined);
  for await (const chunk of zstd as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
  yield hash.digest();
}

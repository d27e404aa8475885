/** Compresses answers for those who accept it. Streams are left alone: an event must not wait for the next one. */
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";

const compressGzip = promisify(gzip);
const compressBrotli = promisify(brotliCompress);

/** Less fits a packet anyway. */
const MIN_BYTES = 1400;
/**
 * The fastest of both: of a trend of 2 MB brotli 4 takes four times as long for 7 % fewer bytes, gzip 6 three times for 10 %, which is longer than
 * a network saves that is worth waiting at.
 */
const BROTLI_OPTIONS = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const GZIP_OPTIONS = { level: 1 };

export function addCompression(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (typeof payload !== "string" || reply.hasHeader("content-encoding")) {
      return payload;
    }
    void reply.header("vary", "accept-encoding");
    if (payload.length < MIN_BYTES || request.method === "HEAD") {
      return payload;
    }
    const coding = chooseCoding(request.headers["accept-encoding"]);
    if (coding === undefined) {
      return payload;
    }
    void reply.header("content-encoding", coding);
    reply.removeHeader("content-length");
    return coding === "br"
      ? await compressBrotli(Buffer.from(payload), BROTLI_OPTIONS)
      : await compressGzip(Buffer.from(payload), GZIP_OPTIONS);
  });
}

/** undefined: as it is. */
export function chooseCoding(acceptEncoding: string | string[] | undefined): "br" | "gzip" | undefined {
  const accepted = new Map<string, number>();
  for (const part of String(acceptEncoding ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((one) => one.trim().toLowerCase());
    const quality = parameters.find((one) => one.startsWith("q="))?.slice(2);
    accepted.set(name, quality === undefined ? 1 : Number(quality));
  }
  const quality = (name: string): number => accepted.get(name) ?? accepted.get("*") ?? 0;
  if (!(quality("br") > 0) && !(quality("gzip") > 0)) {
    return undefined;
  }
  return quality("br") >= quality("gzip") ? "br" : "gzip";
}

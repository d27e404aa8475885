/**
 * An ETag for answers that are asked for again and again and often are the same: the asker sends it back and gets 304
 * instead of the bytes. Only the asker's own cache may keep them, and must ask each time.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether an answer of this endpoint carries an ETag. */
    readonly hasTag?: boolean;
  }
}

/** Long enough that two answers of one URL never share it. */
const TAG_CHARACTERS = 22;

/** Must come before the hook that compresses: the tag is that of the content, whatever its coding. */
export function addRevalidation(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    const isTagged =
      request.routeOptions.config.hasTag === true && reply.statusCode === 200 && typeof payload === "string";
    if (!isTagged) {
      return payload;
    }
    const tag = createTag(payload);
    void reply.header("etag", tag).header("cache-control", "private, no-cache");
    if (!isKnown(request.headers["if-none-match"], tag)) {
      return payload;
    }
    void reply.code(304);
    reply.removeHeader("content-length");
    reply.removeHeader("content-type");
    return null;
  });
}

/** Weak: the same content in another coding has the same tag. */
export function createTag(content: string): string {
  return `W/"${createHash("sha256").update(content).digest("base64url").slice(0, TAG_CHARACTERS)}"`;
}

/** As RFC 9110 compares for If-None-Match: weakly, in a list, or any. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const tags = ifNoneMatch?.split(",").map((one) => one.trim().replace(/^W\//, ""));
  return tags?.includes("*") === true || tags?.includes(tag.replace(/^W\//, "")) === true;
}

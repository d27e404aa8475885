/** One reader of a stream. What it does not take in time is not kept for it: it is cut off and comes back by its last id. */
import type { ServerResponse } from "node:http";

export interface EventClient {
  /** false: it has been cut off, or is gone. */
  send(block: Buffer, nowMs: number): boolean;
  end(): void;
}

/** Bytes that may wait for a client, over what it got at once when it came. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** Since something began to wait. */
const MAX_WAITING_MS = 30_000;

/** `first`: what the client gets when it comes, of whatever size. */
export function createEventClient(response: ServerResponse, first: readonly Buffer[]): EventClient {
  let allowedBytes = MAX_WAITING_BYTES;
  let waitingSinceMs: number | undefined;
  for (const block of first) {
    response.write(block);
    allowedBytes += block.length;
  }
  response.on("drain", () => {
    allowedBytes = MAX_WAITING_BYTES;
    waitingSinceMs = undefined;
  });
  // A client that goes while it is written to is no fault; "close" follows.
  response.on("error", () => undefined);

  return {
    send(block, nowMs) {
      const tooLong = waitingSinceMs !== undefined && nowMs - waitingSinceMs > MAX_WAITING_MS;
      if (response.destroyed || tooLong || response.writableLength > allowedBytes) {
        response.destroy();
        return false;
      }
      if (!response.write(block)) {
        waitingSinceMs ??= nowMs;
      }
      return true;
    },
    end() {
      response.end();
    },
  };
}

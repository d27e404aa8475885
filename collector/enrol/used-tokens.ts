/** Which join tokens were used: on disk before a certificate is given out, so that a restart forgives nothing. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface UsedTokens {
  /** Throws PERMISSION_DENIED when it was used before, STORAGE_FAILED when that cannot be written down. */
  use(id: string, expiresAtMs: number, nowMs: number): void;
}

/** Far more nodes than anybody enrols within the life of a token. */
const MAX_USED = 100_000;

export function createUsedTokens(file: string): UsedTokens {
  let used: Map<string, number> | undefined;

  function read(): Map<string, number> {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, number>));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        return new Map();
      }
      throw new EtcdscopeError("STORAGE_FAILED", `Cannot read ${file}: no token can be checked`, {
        cause: error,
      });
    }
  }

  return {
    use(id, expiresAtMs, nowMs) {
      used ??= read();
      if (used.has(id)) {
        throw new EtcdscopeError("PERMISSION_DENIED", "The token was used before");
      }
      // What has expired is refused for that.
      const next = new Map([...used].filter(([, untilMs]) => untilMs > nowMs)).set(id, expiresAtMs);
      if (next.size > MAX_USED) {
        throw new EtcdscopeError("LIMIT_EXCEEDED", `Expected at most ${MAX_USED} tokens in use`);
      }
      try {
        writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(next)), { mode: 0o600, flush: true });
        renameSync(`${file}.new`, file);
      } catch (error) {
        throw new EtcdscopeError("STORAGE_FAILED", `Cannot write ${file}`, { cause: error });
      }
      used = next;
    },
  };
}

/**
 * Reads the certificate and key that open the agent's connections to etcd, and notices when their files change.
 * The only place where the agent touches a key of etcd; its bytes go into OpenSSL's context and nowhere else.
 */
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { TlsPaths } from "../config.ts";

/** Files are looked at again after this long: a renewed certificate is used within it. */
const LOOK_AGAIN_US = 10_000_000;

export interface Credential {
  readonly context: SecureContext;
  /** Grows whenever the files have changed: connections of an older one are to be opened again. */
  readonly version: number;
}

export class CredentialSource {
  readonly #clock: Clock;
  readonly #findPaths: () => TlsPaths | undefined;
  #paths: TlsPaths | undefined;
  #credential: Credential | undefined;
  #version = 0;
  #stamp = "";
  #lookedUs = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  /** An empty `ca` in the paths trusts the certificate file itself: what a self-signed etcd without a CA file needs. */
  constructor(clock: Clock, findPaths: () => TlsPaths | undefined) {
    this.#clock = clock;
    this.#findPaths = findPaths;
  }

  /** The credential in force. Throws with reason no_certificate when there is none to be had. */
  current(): Credential {
    const paths = this.#findPaths();
    if (paths === undefined) {
      throw new EtcdscopeError("UNAUTHENTICATED", "etcd wants TLS, and no certificate for it is configured", {
        reason: "no_certificate",
      });
    }
    if (this.#credential === undefined || !isSame(paths, this.#paths)) {
      this.#paths = paths;
      this.#credential = undefined;
      this.#version += 1;
      this.#credential = { context: readContext(paths), version: this.#version };
      this.#stamp = "";
      this.#lookedUs = Number.NEGATIVE_INFINITY;
    }
    this.#lookInTheBackground();
    return this.#credential;
  }

  #lookInTheBackground(): void {
    const nowUs = this.#clock.monotonicUs();
    const paths = this.#paths;
    if (this.#isLooking || paths === undefined || nowUs - this.#lookedUs < LOOK_AGAIN_US) {
      return;
    }
    this.#isLooking = true;
    this.#lookedUs = nowUs;
    void readStamp(paths).then((stamp) => {
      this.#isLooking = false;
      if (paths !== this.#paths) {
        return;
      }
      if (this.#stamp !== "" && stamp !== this.#stamp) {
        this.#replace(paths);
      }
      this.#stamp = stamp;
    });
  }

  /** Files in the middle of being replaced do not fit together: the old credential stays until they do. */
  #replace(paths: TlsPaths): void {
    try {
      const context = readContext(paths);
      this.#version += 1;
      this.#credential = { context, version: this.#version };
    } catch {
      // Looked at once more at the next change; a key that stays unreadable shows when the agent starts anew.
    }
  }
}

function isSame(one: TlsPaths, other: TlsPaths | undefined): boolean {
  return one.ca === other?.ca && one.cert === other.cert && one.key === other.key;
}

/** Identity and age of each file; a missing one is part of it. Never rejects. */
async function readStamp(paths: TlsPaths): Promise<string> {
  const parts = await Promise.all(
    [paths.ca, paths.cert, paths.key].map(async (path) => {
      try {
        const facts = await stat(path);
        return `${facts.ino}/${facts.mtimeMs}/${facts.size}`;
      } catch {
        return "-";
      }
    }),
  );
  return parts.join(" ");
}

function readContext(paths: TlsPaths): SecureContext {
  const cert = readPem(paths.cert, "certificate");
  const key = readPem(paths.key, "key");
  const ca = paths.ca === "" ? cert : readPem(paths.ca, "CA");
  try {
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new EtcdscopeError("UNAUTHENTICATED", `${paths.cert} and ${paths.key} cannot be used: ${detail}`, {
      cause,
      reason: "no_certificate",
    });
  }
}

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const name = cause instanceof Error && "code" in cause ? String(cause.code) : "error";
    throw new EtcdscopeError("UNAUTHENTICATED", `The ${what} file ${path} cannot be read: ${name}`, {
      cause,
      reason: "no_certificate",
    });
  }
}

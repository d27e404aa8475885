/**
 * Reads the certificate and key that open the agent's connections to etcd, and notices when their files change.
 * The only place where the agent touches a key of etcd; its bytes go into OpenSSL's context and nowhere else.
 *
 * The files may lie on a file system that hangs: they are read aside, one after the other, so that this costs one thread at most.
 */
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { TlsPaths } from "../config.ts";

/** Files are looked at again after this long: a renewed certificate is used within it. */
const LOOK_AGAIN_US = 10_000_000;
/** And so soon when a connection was refused: of new ones the next attempt is made. */
const LOOK_AGAIN_IN_DOUBT_US = 1_000_000;

export interface Credential {
  readonly context: SecureContext;
  /** Grows whenever the files have changed: connections of an older one are to be opened again. */
  readonly version: number;
}

export interface ReadLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export class CredentialSource {
  readonly #clock: Clock;
  readonly #findPaths: () => TlsPaths | undefined;
  /** What was read, or could not be, is of these. */
  #paths: TlsPaths | undefined;
  #credential: Credential | undefined;
  #failure: EtcdscopeError | undefined;
  #version = 0;
  #stamp = "";
  #lookedUs = Number.NEGATIVE_INFINITY;
  /** One look or read at a time. */
  #reading: Promise<void> | undefined;

  /** An empty `ca` in the paths trusts the certificate file itself: what a self-signed etcd without a CA file needs. */
  constructor(clock: Clock, findPaths: () => TlsPaths | undefined) {
    this.#clock = clock;
    this.#findPaths = findPaths;
  }

  /** current() needs nothing to be read first. */
  get isSettled(): boolean {
    const paths = this.#findPaths();
    return paths === undefined || (this.#credential !== undefined && isSame(paths, this.#paths));
  }

  /** Waits until the files are read, well or not, at most until a limit. Never rejects: current() then tells. */
  async settle({ timeoutMs, signal }: ReadLimits): Promise<void> {
    const paths = this.#findPaths();
    if (this.isSettled || paths === undefined || signal.aborted) {
      return;
    }
    this.#reading ??= this.#readAll(paths);
    const limit = Promise.withResolvers<void>();
    const timer = this.#clock.after(timeoutMs, limit.resolve);
    const leave = (): void => limit.resolve();
    signal.addEventListener("abort", leave, { once: true });
    await Promise.race([this.#reading, limit.promise]);
    signal.removeEventListener("abort", leave);
    timer.cancel();
  }

  /** The credential in force. Throws with reason no_certificate when there is none to be had, or none was read yet. */
  current(): Credential {
    const paths = this.#findPaths();
    if (paths === undefined) {
      throw noCertificate("etcd wants TLS, and no certificate for it is configured");
    }
    if (!isSame(paths, this.#paths)) {
      throw noCertificate(`${paths.cert} could not be read: its file system does not answer`);
    }
    if (this.#credential === undefined) {
      throw this.#failure ?? noCertificate(`${paths.cert} was not read`);
    }
    this.#lookInTheBackground(paths, LOOK_AGAIN_US);
    return this.#credential;
  }

  /** TLS failed with this credential, on whichever side: its files may be other ones by now. */
  doubt(): void {
    const paths = this.#findPaths();
    if (paths !== undefined && this.#credential !== undefined && isSame(paths, this.#paths)) {
      this.#lookInTheBackground(paths, LOOK_AGAIN_IN_DOUBT_US);
    }
  }

  /** Never rejects. */
  async #readAll(paths: TlsPaths): Promise<void> {
    // before they are read: what is replaced meanwhile shows at the next look
    this.#stamp = await readStamp(paths);
    try {
      const context = await readContext(paths);
      this.#version += 1;
      this.#credential = { context, version: this.#version };
      this.#failure = undefined;
    } catch (caught) {
      this.#credential = undefined;
      this.#failure = EtcdscopeError.from(caught);
    }
    this.#paths = paths;
    this.#lookedUs = Number.NEGATIVE_INFINITY;
    this.#reading = undefined;
  }

  #lookInTheBackground(paths: TlsPaths, againUs: number): void {
    const nowUs = this.#clock.monotonicUs();
    if (this.#reading === undefined && nowUs - this.#lookedUs >= againUs) {
      this.#lookedUs = nowUs;
      this.#reading = this.#lookForChange(paths);
    }
  }

  /** Never rejects. Files in the middle of being replaced do not fit together: the old credential stays until they do. */
  async #lookForChange(paths: TlsPaths): Promise<void> {
    try {
      const stamp = await readStamp(paths);
      if (stamp !== this.#stamp) {
        const context = await readContext(paths);
        this.#version += 1;
        this.#credential = { context, version: this.#version };
      }
      this.#stamp = stamp;
    } catch {
      // Looked at once more at the next change; a key that stays unreadable shows when the agent starts anew.
    }
    this.#reading = undefined;
  }
}

function isSame(one: TlsPaths, other: TlsPaths | undefined): boolean {
  return one.ca === other?.ca && one.cert === other.cert && one.key === other.key;
}

function noCertificate(sentence: string, cause?: unknown): EtcdscopeError {
  return new EtcdscopeError("UNAUTHENTICATED", sentence, { cause, reason: "no_certificate" });
}

/** Identity and age of each file; a missing one is part of it. Never rejects. */
async function readStamp(paths: TlsPaths): Promise<string> {
  const parts: string[] = [];
  for (const path of [paths.ca, paths.cert, paths.key]) {
    try {
      const facts = await stat(path);
      parts.push(`${facts.ino}/${facts.mtimeMs}/${facts.size}`);
    } catch {
      parts.push("-");
    }
  }
  return parts.join(" ");
}

async function readContext(paths: TlsPaths): Promise<SecureContext> {
  const cert = await readPem(paths.cert, "certificate");
  const key = await readPem(paths.key, "key");
  const ca = paths.ca === "" ? cert : await readPem(paths.ca, "CA");
  try {
    return createSecureContext({ ca, cert, key });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw noCertificate(`${paths.cert} and ${paths.key} cannot be used: ${detail}`, cause);
  }
}

async function readPem(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const name = cause instanceof Error && "code" in cause ? String(cause.code) : "error";
    throw noCertificate(`The ${what} file ${path} cannot be read: ${name}`, cause);
  }
}

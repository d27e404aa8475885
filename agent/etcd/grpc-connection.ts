/**
 * One kept-open HTTP/2 connection to a member's client port, and unary gRPC calls over it.
 *
 * Made of node:http2 rather than of etcd3 or grpc-js because an agent may use 6.7 ms of CPU a second for everything, three
 * Status calls a second among it. CPU of one call, measured against etcd 3.4 on one machine at that rate: etcd3
 * 1.3 to 2.0 ms, grpc-js 1.2 to 1.5 ms, this 0.6 to 0.9 ms; resident memory 78, 77 and 72 MiB. It also hands on the
 * socket's own error ("refused", "certificate has expired"), where the others give a sentence and a backoff of their own.
 */
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import type { CredentialSource } from "./credentials.ts";
import { endedEarly, readAnswer } from "./grpc-answer.ts";
import { describeFailure, describeMissingCredential, describeSuccess } from "./link-look.ts";
import type { Attempt, LinkLook } from "./link-look.ts";
import { openSocket } from "./open-socket.ts";
import type { OpeningSocket } from "./open-socket.ts";
import { translateSocketError } from "./translate-error.ts";

/** No more than about one connection attempt a second: calls in between get the last attempt's error. */
const ATTEMPT_GAP_US = 700_000;
/** After this many calls without an answer a new connection is made: TCP itself would take 6 to 13 s after a healed partition. */
const TIMEOUTS_TO_REPLACE = 2;
/** A new handshake now and then shows what a new client of that member would meet. */
const MAX_AGE_US = 300_000_000;
/** An answer takes milliseconds; one that takes this long is worth a look at the link: longer than TCP's first timeout. */
const LATE_AFTER_MS = 250;
/** Time for the goodbye when a connection is closed. */
const CLOSE_LIMIT_MS = 500;

export interface GrpcRequest {
  /** "/package.Service/Method" */
  readonly path: string;
  /** From encodeGrpcFrame. */
  readonly frame: Buffer;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called once when the answer is late but the time is not over yet. */
  readonly onLate?: () => void;
}

interface Link {
  readonly opening: OpeningSocket;
  readonly openedUs: number;
  readonly version: number;
  session: ClientHttp2Session | undefined;
  /** What ended it, as the socket told it. */
  socketError: unknown;
  readonly calls: Set<Call>;
}

interface Call {
  readonly request: GrpcRequest;
  readonly isReused: boolean;
  sentUs: number;
  stream: ClientHttp2Stream | undefined;
  readonly settle: (result: Uint8Array | EtcdscopeError) => void;
}

export interface GrpcConnectionOptions {
  readonly address: Address;
  /** Used where the address speaks TLS. */
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** A connection that stood was ended by the other side or the network. */
  readonly onLost?: () => void;
}

export class GrpcConnection {
  readonly address: Address;
  readonly #options: GrpcConnectionOptions;
  readonly #where: string;
  readonly #headers: Readonly<Record<string, string>>;
  #link: Link | undefined;
  #look: LinkLook | undefined;
  #timeouts = 0;
  #failure: { readonly atUs: number; readonly error: EtcdscopeError } | undefined;
  #isClosed = false;

  constructor(options: GrpcConnectionOptions) {
    this.#options = options;
    this.address = options.address;
    this.#where = formatAddress(options.address);
    this.#headers = {
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_SCHEME]: options.address.isTls ? "https" : "http",
      [constants.HTTP2_HEADER_AUTHORITY]: this.#where,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
      [constants.HTTP2_HEADER_TE]: "trailers",
    };
  }

  /** What the last call showed of the link. */
  get look(): LinkLook | undefined {
    return this.#look;
  }

  /** The answer's message. Rejects with an EtcdscopeError. */
  async call(request: GrpcRequest): Promise<Uint8Array> {
    this.#replaceWhenDue();
    const { clock } = this.#options;
    const nowUs = clock.monotonicUs();
    if (this.#link === undefined) {
      if (this.#failure !== undefined && nowUs - this.#failure.atUs < ATTEMPT_GAP_US) {
        throw this.#failure.error;
      }
      this.#link = this.#open(nowUs);
    }
    const link = this.#link;
    return await new Promise<Uint8Array>((resolve, reject) => {
      let timer = clock.after(LATE_AFTER_MS, () => {
        timer = clock.after(request.timeoutMs - LATE_AFTER_MS, () => this.#expire(link, call));
        request.onLate?.();
      });
      const onAbort = (): void => this.#expire(link, call);
      const call: Call = {
        request,
        isReused: link.session !== undefined,
        sentUs: nowUs,
        stream: undefined,
        settle: (result) => {
          if (!link.calls.delete(call)) {
            return;
          }
          timer.cancel();
          request.signal.removeEventListener("abort", onAbort);
          if (result instanceof EtcdscopeError) {
            this.#look = describeFailure(this.#attempt(link, call), result);
            reject(result);
          } else {
            this.#timeouts = 0;
            this.#failure = undefined;
            this.#look = describeSuccess(this.#attempt(link, call), clock.monotonicUs() - call.sentUs);
            resolve(result);
          }
        },
      };
      request.signal.addEventListener("abort", onAbort, { once: true });
      link.calls.add(call);
      if (link.session !== undefined) {
        this.#send(link, call);
      }
    });
  }

  /** Says goodbye, so that etcd has nothing to log. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) {
      await this.#retire(link);
    }
  }

  #attempt(link: Link, call: Call): Attempt {
    const { phase, remoteIp } = link.opening;
    return { address: this.#where, remoteIp, isTls: this.address.isTls, phase, isReused: call.isReused };
  }

  /** A connection that is old, of an old certificate, or silent is left to end by itself, and the next call makes a new one. */
  #replaceWhenDue(): void {
    const link = this.#link;
    if (this.#isClosed) {
      throw new EtcdscopeError("CANCELLED", `The connection to ${this.#where} is closed`);
    }
    if (link === undefined) {
      return;
    }
    const isOld = this.#options.clock.monotonicUs() - link.openedUs > MAX_AGE_US;
    const isOutdated = this.address.isTls && this.#options.credentials.current().version !== link.version;
    if (this.#timeouts >= TIMEOUTS_TO_REPLACE) {
      this.#drop(link, undefined);
    } else if (isOld || isOutdated) {
      this.#link = undefined;
      void this.#retire(link);
    }
  }

  #open(nowUs: number): Link {
    const credential = this.address.isTls ? this.#credentialOrFail() : undefined;
    const opening = openSocket({
      address: this.address,
      context: credential?.context,
      alpn: "h2",
      onOpen: () => this.#begin(link),
    });
    const link: Link = {
      opening,
      openedUs: nowUs,
      version: credential?.version ?? 0,
      session: undefined,
      socketError: undefined,
      calls: new Set(),
    };
    opening.socket.on("error", (error) => {
      link.socketError ??= error;
    });
    opening.socket.once("close", () => this.#drop(link, link.socketError));
    return link;
  }

  #credentialOrFail(): ReturnType<CredentialSource["current"]> {
    try {
      return this.#options.credentials.current();
    } catch (caught) {
      const error = translateSocketError(caught, this.#where);
      this.#look = describeMissingCredential(this.#where, error);
      throw error;
    }
  }

  #begin(link: Link): void {
    const { isTls } = this.address;
    const session = connectHttp2(`${isTls ? "https" : "http"}://${this.#where}`, {
      createConnection: () => link.opening.socket,
      settings: { enablePush: false },
      maxSessionMemory: 4,
    });
    session.on("error", (error) => {
      link.socketError ??= error;
    });
    session.once("goaway", () => {
      if (this.#link === link) {
        this.#link = undefined;
      }
    });
    session.once("close", () => this.#drop(link, link.socketError));
    link.session = session;
    for (const call of link.calls) {
      this.#send(link, call);
    }
  }

  #send(link: Link, call: Call): void {
    const { frame, path, headers } = call.request;
    call.sentUs = this.#options.clock.monotonicUs();
    let stream: ClientHttp2Stream | undefined;
    try {
      stream = link.session?.request({ ...this.#headers, ":path": path, ...headers });
    } catch (caught) {
      call.settle(translateSocketError(link.socketError ?? caught, this.#where));
      return;
    }
    if (stream === undefined) {
      return;
    }
    call.stream = stream;
    readAnswer(stream, this.#where, (result) => {
      call.settle(
        result instanceof Error ? translateSocketError(link.socketError ?? result, this.#where) : result,
      );
    });
    stream.end(frame);
  }

  #expire(link: Link, call: Call): void {
    const { phase } = link.opening;
    const spentMs = Math.round((this.#options.clock.monotonicUs() - call.sentUs) / 1000);
    const what = { tcp: "TCP connect", tls: "TLS handshake", open: "request" }[phase];
    const error = new EtcdscopeError(
      "TIMED_OUT",
      `${this.#where} did not answer the ${what} in ${spentMs} ms`,
      {
        reason: "timeout",
      },
    );
    this.#timeouts += 1;
    call.settle(error);
    if (phase === "open") {
      call.stream?.close(constants.NGHTTP2_CANCEL);
    } else {
      this.#drop(link, error);
    }
  }

  /** Ends a connection at once. Calls under way fail. */
  #drop(link: Link, cause: unknown): void {
    const error = translateSocketError(cause ?? endedEarly(), this.#where);
    if (this.#link === link) {
      this.#link = undefined;
      this.#timeouts = 0;
      if (link.session !== undefined) {
        this.#options.onLost?.();
      }
      if (link.session === undefined || error.code === "TLS_FAILED") {
        this.#failure = { atUs: this.#options.clock.monotonicUs(), error };
      }
    }
    for (const call of link.calls) {
      call.settle(error);
    }
    link.session?.destroy();
    link.opening.socket.destroy();
  }

  async #retire(link: Link): Promise<void> {
    const { session } = link;
    if (session === undefined || session.destroyed) {
      this.#drop(link, undefined);
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(CLOSE_LIMIT_MS, () => session.destroy());
      session.once("close", () => {
        timer.cancel();
        resolve();
      });
      session.close();
    });
  }
}

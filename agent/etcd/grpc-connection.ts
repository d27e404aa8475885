/**
 * Unary gRPC calls to a member's client port over one connection kept open: when it is made anew, how long a call may take,
 * and what each call showed of the link.
 *
 * Made of node:http2 rather than of etcd3 or grpc-js because an agent may use 6.7 ms of CPU a second for everything, three
 * Status calls a second among it. CPU of one call, measured against etcd 3.4 on one machine at that rate: etcd3
 * 1.3 to 2.0 ms, grpc-js 1.2 to 1.5 ms, this 0.6 to 0.9 ms; resident memory 78, 77 and 72 MiB. It also hands on the
 * socket's own error ("refused", "certificate has expired"), where the others give a sentence and a backoff of their own.
 */
import { constants } from "node:http2";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import type { CredentialSource } from "./credentials.ts";
import { endedEarly } from "./grpc-answer.ts";
import { GrpcLink } from "./grpc-link.ts";
import type { GrpcCall, GrpcRequest } from "./grpc-link.ts";
import { describeFailure, describeMissingCredential, describeSuccess } from "./link-look.ts";
import type { Attempt, LinkLook } from "./link-look.ts";
import type { ServedCertificate } from "./served-certificate.ts";
import { describeSilence, translateSocketError } from "./translate-error.ts";

/** No more than about one connection attempt a second: calls in between get the last attempt's error. */
const ATTEMPT_GAP_US = 700_000;
/** After this many calls without an answer a new connection is made: TCP itself would take 6 to 13 s after a healed partition. */
const TIMEOUTS_TO_REPLACE = 2;
/** A new handshake now and then shows what a new client of that member would meet. */
const MAX_AGE_US = 300_000_000;
/** An answer takes milliseconds; one that takes this long is worth a look at the link: longer than TCP's first timeout. */
const LATE_AFTER_MS = 250;

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
  #link: GrpcLink | undefined;
  /** Of the credentials that the link was opened with. */
  #linkVersion = 0;
  #look: LinkLook | undefined;
  #served: ServedCertificate | undefined;
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

  /** The certificate of the last TLS connection that was made; undefined before, and on a plain-text port. */
  get served(): ServedCertificate | undefined {
    return this.#served;
  }

  /** What the last call showed of the link. */
  get look(): LinkLook | undefined {
    return this.#look;
  }

  /** The answer's message. Rejects with an EtcdscopeError. */
  async call(request: GrpcRequest): Promise<Uint8Array> {
    const { clock, credentials } = this.#options;
    if (this.address.isTls && !credentials.isSettled) {
      await credentials.settle({ timeoutMs: request.timeoutMs, signal: request.asker.signal });
    }
    this.#replaceWhenDue();
    const nowUs = clock.monotonicUs();
    if (this.#link === undefined) {
      if (this.#failure !== undefined && nowUs - this.#failure.atUs < ATTEMPT_GAP_US) {
        throw this.#failure.error;
      }
      this.#link = this.#open();
    }
    const link = this.#link;
    return await new Promise<Uint8Array>((resolve, reject) => {
      let listensTo: AbortSignal | undefined;
      const onAbort = (): void => this.#expire(link, call);
      let timer = clock.after(LATE_AFTER_MS, () => {
        const { signal } = request.asker;
        if (signal.aborted) {
          onAbort();
          return;
        }
        listensTo = signal;
        signal.addEventListener("abort", onAbort, { once: true });
        timer = clock.after(request.timeoutMs - LATE_AFTER_MS, onAbort);
        request.onLate?.();
      });
      const call: GrpcCall = {
        request,
        isReused: link.isOpen,
        sentUs: nowUs,
        stream: undefined,
        settle: (result) => {
          if (!link.take(call)) {
            return;
          }
          timer.cancel();
          listensTo?.removeEventListener("abort", onAbort);
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
      link.add(call);
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

  #attempt(link: GrpcLink, call: GrpcCall): Attempt {
    const { phase, remoteIp, lookupMs } = link;
    return {
      address: this.#where,
      remoteIp,
      lookupMs,
      isTls: this.address.isTls,
      phase,
      isReused: call.isReused,
    };
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
    const isOutdated =
      this.address.isTls && this.#options.credentials.current().version !== this.#linkVersion;
    if (this.#timeouts >= TIMEOUTS_TO_REPLACE) {
      this.#drop(link, undefined);
    } else if (isOld || isOutdated) {
      this.#link = undefined;
      void this.#retire(link);
    }
  }

  #open(): GrpcLink {
    const credential = this.address.isTls ? this.#credentialOrFail() : undefined;
    this.#linkVersion = credential?.version ?? 0;
    return new GrpcLink({
      address: this.address,
      context: credential?.context,
      headers: this.#headers,
      clock: this.#options.clock,
      onServed: (served) => {
        this.#served = served;
      },
      onGoaway: (link) => {
        if (this.#link === link) {
          this.#link = undefined;
        }
      },
      onEnded: (link, cause) => this.#drop(link, cause),
    });
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

  #expire(link: GrpcLink, call: GrpcCall): void {
    const { phase } = link;
    const spentMs = Math.round((this.#options.clock.monotonicUs() - call.sentUs) / 1000);
    const error = describeSilence(this.#where, phase, spentMs);
    this.#timeouts += 1;
    call.settle(error);
    if (phase === "open") {
      call.stream?.close(constants.NGHTTP2_CANCEL);
    } else {
      this.#drop(link, error);
    }
  }

  /** Ends a connection at once, and remembers what a next one would meet too. */
  #drop(link: GrpcLink, cause: unknown): void {
    const error = translateSocketError(cause ?? endedEarly(), this.#where);
    if (error.code === "TLS_FAILED") {
      this.#options.credentials.doubt();
    }
    if (this.#link === link) {
      this.#link = undefined;
      this.#timeouts = 0;
      if (link.isOpen) {
        this.#options.onLost?.();
      }
      if (!link.isOpen || error.code === "TLS_FAILED") {
        this.#failure = { atUs: this.#options.clock.monotonicUs(), error };
      }
    }
    link.drop(error);
  }

  async #retire(link: GrpcLink): Promise<void> {
    if (!(await link.retire())) {
      this.#drop(link, undefined);
    }
  }
}

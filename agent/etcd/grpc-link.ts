/** One HTTP/2 connection to a member's client port, from its opening to its end, and the calls under way on it. */
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import type { EtcdscopeError } from "../../shared/errors.ts";
import { formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import { readAnswer } from "./grpc-answer.ts";
import type { Asker } from "./etcd-door.ts";
import type { ConnectionPhase } from "./link-look.ts";
import { CLOSE_LIMIT_MS, letFinish, openSocket, whenOpen } from "./open-socket.ts";
import type { OpeningSocket } from "./open-socket.ts";
import type { ServedCertificate } from "./served-certificate.ts";
import { translateSocketError } from "./translate-error.ts";

export interface GrpcRequest {
  /** "/package.Service/Method" */
  readonly path: string;
  /** From encodeGrpcFrame. */
  readonly frame: Buffer;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly asker: Asker;
  /** Called once when the answer is late but the time is not over yet. */
  readonly onLate?: () => void;
}

export interface GrpcCall {
  readonly request: GrpcRequest;
  /** The connection was there before the call. */
  readonly isReused: boolean;
  sentUs: number;
  stream: ClientHttp2Stream | undefined;
  readonly settle: (result: Uint8Array | EtcdscopeError) => void;
}

export interface GrpcLinkOptions {
  readonly address: Address;
  /** undefined: plain text. */
  readonly context: SecureContext | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly onServed: (served: ServedCertificate) => void;
  /** The other side takes no new calls. */
  readonly onGoaway: (link: GrpcLink) => void;
  /** The socket or the session is gone, with what ended it; may come more than once. */
  readonly onEnded: (link: GrpcLink, cause: unknown) => void;
}

export class GrpcLink {
  readonly openedUs: number;
  readonly #options: GrpcLinkOptions;
  readonly #where: string;
  readonly #opening: OpeningSocket;
  /** Under way. */
  #calls: readonly GrpcCall[] = [];
  #session: ClientHttp2Session | undefined;
  /** What ended it, as the socket told it. */
  #socketError: unknown;
  #isGivenUp = false;

  constructor(options: GrpcLinkOptions) {
    this.#options = options;
    this.#where = formatAddress(options.address);
    this.openedUs = options.clock.monotonicUs();
    this.#opening = openSocket({
      address: options.address,
      context: options.context,
      alpn: "h2",
      onOpen: () => this.#begin(),
      onServed: options.onServed,
      clock: options.clock,
    });
    this.#opening.socket.on("error", (error) => {
      this.#socketError ??= error;
    });
    this.#opening.socket.once("close", () => options.onEnded(this, this.#socketError));
  }

  get phase(): ConnectionPhase {
    return this.#opening.phase;
  }

  get lookupMs(): number | undefined {
    return this.#opening.lookupMs;
  }

  get remoteIp(): string | undefined {
    return this.#opening.remoteIp;
  }

  /** HTTP/2 has begun: calls are sent at once. */
  get isOpen(): boolean {
    return this.#session !== undefined;
  }

  /** Sends the call now, or as soon as the connection is there. */
  add(call: GrpcCall): void {
    this.#calls = [...this.#calls, call];
    if (this.isOpen) {
      this.#send(call);
    }
  }

  /** The call is to be settled. False when it has been. */
  take(call: GrpcCall): boolean {
    const isUnderWay = this.#calls.includes(call);
    this.#calls = this.#calls.filter((one) => one !== call);
    return isUnderWay;
  }

  /** Ends it at once, or as soon as it is open when it is still being opened. Calls under way fail. */
  drop(error: EtcdscopeError): void {
    for (const call of this.#calls) {
      call.settle(error);
    }
    if (this.#session === undefined) {
      void this.#giveUp();
    } else {
      this.#session.destroy();
      this.#opening.socket.destroy();
    }
  }

  /** Lets the calls under way end and says goodbye. False when there is nobody to say it to. */
  async retire(): Promise<boolean> {
    await whenOpen(this.#opening, this.#options.clock, CLOSE_LIMIT_MS);
    const session = this.#session;
    if (session === undefined || session.destroyed) {
      return false;
    }
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(CLOSE_LIMIT_MS, () => {
        session.destroy();
        // Who listens there and never speaks does not say goodbye either: the session alone would wait for it for ever.
        this.#opening.socket.destroy();
      });
      session.once("close", () => {
        timer.cancel();
        resolve();
      });
      session.close();
    });
    return true;
  }

  async #giveUp(): Promise<void> {
    if (this.#isGivenUp) {
      return;
    }
    this.#isGivenUp = true;
    const isOpen = await letFinish(this.#opening, this.#options.clock);
    if (!isOpen || !(await this.retire())) {
      this.#opening.socket.destroy();
    }
  }

  #begin(): void {
    const scheme = this.#options.headers[constants.HTTP2_HEADER_SCHEME] ?? "https";
    const session = connectHttp2(`${scheme}://${this.#where}`, {
      createConnection: () => this.#opening.socket,
      settings: { enablePush: false },
      maxSessionMemory: 4,
    });
    session.on("error", (error) => {
      this.#socketError ??= error;
    });
    session.once("goaway", () => this.#options.onGoaway(this));
    session.once("close", () => this.#options.onEnded(this, this.#socketError));
    this.#session = session;
    for (const call of this.#calls) {
      this.#send(call);
    }
  }

  #send(call: GrpcCall): void {
    const { frame, path, headers } = call.request;
    call.sentUs = this.#options.clock.monotonicUs();
    let stream: ClientHttp2Stream | undefined;
    try {
      stream = this.#session?.request({ ...this.#options.headers, ":path": path, ...headers });
    } catch (caught) {
      call.settle(this.#translate(caught));
      return;
    }
    if (stream === undefined) {
      return;
    }
    call.stream = stream;
    readAnswer(stream, this.#where, (result) => {
      call.settle(result instanceof Error ? this.#translate(result) : result);
    });
    stream.end(frame);
  }

  #translate(error: unknown): EtcdscopeError {
    return translateSocketError(this.#socketError ?? error, this.#where);
  }
}

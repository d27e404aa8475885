/** One kept-open HTTP/1.1 connection for GET requests: a member's peer port, and the own member's /metrics. */
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import type { CredentialSource } from "./credentials.ts";
import { describeFailure, describeMissingCredential, describeSuccess } from "./link-look.ts";
import type { Attempt, LinkLook } from "./link-look.ts";
import { CLOSE_LIMIT_MS, letFinish, openSocket, whenOpen } from "./open-socket.ts";
import type { OpeningSocket } from "./open-socket.ts";
import type { ServedCertificate } from "./served-certificate.ts";
import { describeSilence, translateHttpStatus, translateSocketError } from "./translate-error.ts";

/**
 * Not by an import: that asks every export for its value, and one of them is a WebSocket, for which Node loads a web client of 3 MiB.
 */
const { Agent, request: requestHttp } = process.getBuiltinModule("node:http");

/** etcd's /metrics is about 130 KiB; a cluster with many peers and methods stays far below this. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export interface HttpConnectionOptions {
  readonly address: Address;
  /** Used where the address speaks TLS. */
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  /** A connection older than this is made anew, so that a new handshake is seen now and then. */
  readonly maxAgeMs: number;
}

export interface GetRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of any answer is wanted, not only of a 200. */
  readonly takesAnyStatus?: true;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Hands node:http the sockets that this connection opens. */
class SocketAgent extends Agent {
  readonly #open: () => Duplex;

  constructor(open: () => Duplex) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#open = open;
  }

  override createConnection(): Duplex {
    return this.#open();
  }
}

export class HttpConnection {
  readonly address: Address;
  readonly #options: HttpConnectionOptions;
  readonly #where: string;
  #agent: SocketAgent;
  #opening: OpeningSocket | undefined;
  #openedUs = 0;
  #version = 0;
  #look: LinkLook | undefined;
  #served: ServedCertificate | undefined;

  constructor(options: HttpConnectionOptions) {
    this.#options = options;
    this.address = options.address;
    this.#where = formatAddress(options.address);
    this.#agent = this.#createAgent();
  }

  /** The certificate of the last TLS connection that was made; undefined before, and on a plain-text port. */
  get served(): ServedCertificate | undefined {
    return this.#served;
  }

  /** What the last request showed of the link. */
  get look(): LinkLook | undefined {
    return this.#look;
  }

  /** The body of a 200 answer, or of any where that is asked for. Rejects with an EtcdscopeError. */
  async get(request: GetRequest): Promise<Buffer> {
    if (this.address.isTls && !this.#options.credentials.isSettled) {
      await this.#options.credentials.settle(request);
    }
    this.#replaceWhenDue();
    // etcd closes a silent connection, and a request may meet that on its way: then it has not been heard.
    const body = (await this.#attempt(request)) ?? (await this.#attempt(request));
    if (body === undefined) {
      throw new EtcdscopeError("UNAVAILABLE", `${this.#where} closed the connection twice`, {
        reason: "reset",
      });
    }
    return body;
  }

  /** At once, or as soon as it is open: a request under way fails. */
  async close(): Promise<void> {
    if (this.#opening !== undefined) {
      await whenOpen(this.#opening, this.#options.clock, CLOSE_LIMIT_MS);
    }
    this.#agent.destroy();
  }

  #createAgent(): SocketAgent {
    return new SocketAgent(() => this.#open());
  }

  /** Ends a request that nobody waits for any more, but not in the middle of a handshake. */
  #giveUp(message: ClientRequest): void {
    if (this.#opening === undefined || this.#opening.phase === "open" || message.reusedSocket) {
      message.destroy();
      return;
    }
    const agent = this.#agent;
    this.#agent = this.#createAgent();
    const opening = this.#opening;
    this.#opening = undefined;
    function end(): void {
      message.destroy();
      agent.destroy();
    }
    message.once("error", end);
    message.once("response", end);
    void letFinish(opening, this.#options.clock).then((isOpen) => {
      // its request goes out now, and the answer ends it
      const timer = this.#options.clock.after(isOpen ? CLOSE_LIMIT_MS : 0, end);
      message.once("close", () => timer.cancel());
    });
  }

  #replaceWhenDue(): void {
    const isOld = this.#options.clock.monotonicUs() - this.#openedUs > this.#options.maxAgeMs * 1000;
    const isOutdated = this.address.isTls && this.#credentialVersion() !== this.#version;
    if (this.#opening?.phase === "open" && (isOld || isOutdated)) {
      this.#agent.destroy();
      this.#opening = undefined;
    }
  }

  /** Throws where there is no credential, before a socket is made. */
  #credentialVersion(): number {
    try {
      return this.#options.credentials.current().version;
    } catch (caught) {
      const error = translateSocketError(caught, this.#where);
      this.#look = describeMissingCredential(this.#where, error);
      throw error;
    }
  }

  #open(): Duplex {
    const credential = this.address.isTls ? this.#options.credentials.current() : undefined;
    this.#openedUs = this.#options.clock.monotonicUs();
    this.#version = credential?.version ?? 0;
    this.#opening = openSocket({
      address: this.address,
      context: credential?.context,
      alpn: "http/1.1",
      onOpen: () => undefined,
      onServed: (served) => {
        this.#served = served;
      },
      clock: this.#options.clock,
    });
    return this.#opening.socket;
  }

  #describeAttempt(isReused: boolean): Attempt {
    const { phase = "tcp", remoteIp, lookupMs } = this.#opening ?? {};
    return { address: this.#where, remoteIp, lookupMs, isTls: this.address.isTls, phase, isReused };
  }

  /** undefined: a kept connection ended just as it was used. */
  async #attempt(request: GetRequest): Promise<Buffer | undefined> {
    const { clock } = this.#options;
    const { host, port } = this.address;
    const sentUs = clock.monotonicUs();
    return await new Promise<Buffer | undefined>((resolve, reject) => {
      let isSettled = false;
      const { path, headers = {} } = request;
      const message = requestHttp({ host, port, path, headers, agent: this.#agent });
      const timer = clock.after(request.timeoutMs, () => expire());
      const settle = (result: Buffer | EtcdscopeError): void => {
        if (isSettled) {
          return;
        }
        isSettled = true;
        timer.cancel();
        request.signal.removeEventListener("abort", expire);
        const attempt = this.#describeAttempt(message.reusedSocket);
        if (Buffer.isBuffer(result)) {
          const spentUs = clock.monotonicUs() - sentUs;
          this.#look = describeSuccess(attempt, message.reusedSocket ? spentUs : undefined);
          resolve(result);
        } else if (message.reusedSocket && result.reason === "reset") {
          resolve(undefined);
        } else {
          if (result.code === "TLS_FAILED") {
            this.#options.credentials.doubt();
          }
          this.#look = describeFailure(attempt, result);
          reject(result);
        }
      };
      const expire = (): void => {
        const spentMs = Math.round((clock.monotonicUs() - sentUs) / 1000);
        settle(describeSilence(this.#where, this.#opening?.phase ?? "tcp", spentMs));
        this.#giveUp(message);
      };
      request.signal.addEventListener("abort", expire, { once: true });
      message.once("error", (caught) => settle(translateSocketError(caught, this.#where)));
      message.once("response", (response) =>
        collect(response, { where: this.#where, takesAnyStatus: request.takesAnyStatus === true }, settle),
      );
      message.end();
    });
  }
}

function collect(
  response: IncomingMessage,
  { where, takesAnyStatus }: { readonly where: string; readonly takesAnyStatus: boolean },
  settle: (result: Buffer | EtcdscopeError) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      settle(
        new EtcdscopeError("LIMIT_EXCEEDED", `${where} answered more than ${MAX_BODY_BYTES} bytes`, {
          reason: "protocol",
        }),
      );
      response.destroy();
      return;
    }
    chunks.push(chunk);
  });
  response.once("error", (caught) => settle(translateSocketError(caught, where)));
  response.once("end", () => {
    const status = response.statusCode ?? 0;
    settle(status === 200 || takesAnyStatus ? Buffer.concat(chunks) : translateHttpStatus(status, where));
  });
}

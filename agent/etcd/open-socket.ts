/** Opens one TCP or TLS connection and says how far it has come: the one place where sockets towards etcd are made. */
import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import type { SecureContext } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import { formatAddress } from "./address.ts";
import type { Address } from "./address.ts";
import type { ConnectionPhase } from "./link-look.ts";
import { createNameResolver } from "./resolve-name.ts";
import { readServedCertificate } from "./served-certificate.ts";
import type { ServedCertificate } from "./served-certificate.ts";

export interface OpeningSocket {
  readonly socket: Socket;
  phase: ConnectionPhase;
  /** Known from TCP's handshake on. */
  remoteIp: string | undefined;
  /** Of a name, once it has been looked up. */
  lookupMs?: number;
}

export interface SocketOptions {
  readonly address: Address;
  /** undefined: plain text. */
  readonly context: SecureContext | undefined;
  readonly alpn: string;
  readonly onOpen: () => void;
  /** The certificate that the other side showed, when TLS was made. */
  readonly onServed?: (served: ServedCertificate) => void;
  readonly clock: Clock;
}

/** etcd logs each handshake that is cut off: one that nobody waits for any more is let come to its end, for so long. */
const LET_FINISH_MS = 5_000;
/**
 * Time to learn that TCP has connected, where this process stood still meanwhile. What has not is ended then: it would send its first
 * segment again and again, and be counted as loss.
 */
const LET_CONNECT_MS = 50;
/** Time for the goodbye when a connection is closed. */
export const CLOSE_LIMIT_MS = 500;

/** Shared by all connections: what one is told of a name, all that ask meanwhile are told. */
const lookup = createNameResolver();

/** Errors come as the socket's "error" event. */
export function openSocket(options: SocketOptions): OpeningSocket {
  const { host, port } = options.address;
  // TCP keep-alive is left off: a request a second says more.
  const target = { host, port, noDelay: true, lookup };
  const phase = isIP(host) === 0 ? "name" : "tcp";
  if (options.context === undefined) {
    const opening: OpeningSocket = { socket: connectTcp(target), phase, remoteIp: undefined };
    followLookup(opening, options.clock);
    opening.socket.once("connect", () => {
      opening.phase = "open";
      opening.remoteIp = opening.socket.remoteAddress;
      options.onOpen();
    });
    return opening;
  }
  const socket = connectTls({
    ...target,
    secureContext: options.context,
    ALPNProtocols: [options.alpn],
    // An IP address may not be a server name; it is checked against the certificate all the same.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  const opening: OpeningSocket = { socket, phase, remoteIp: undefined };
  followLookup(opening, options.clock);
  socket.once("connect", () => {
    opening.phase = "tls";
    opening.remoteIp = socket.remoteAddress;
  });
  socket.once("secureConnect", () => {
    opening.phase = "open";
    tellServed(socket, options);
    options.onOpen();
  });
  return opening;
}

/** True as soon as it is open, false when it never will be, or is not within the limit. */
export function whenOpen(opening: OpeningSocket, clock: Clock, limitMs: number): Promise<boolean> {
  const { socket } = opening;
  const isOpen = (): boolean => opening.phase === "open" && !socket.destroyed;
  if (opening.phase === "open" || socket.destroyed) {
    return Promise.resolve(isOpen());
  }
  const opened = socket instanceof TLSSocket ? "secureConnect" : "connect";
  return new Promise((resolve) => {
    const timer = clock.after(limitMs, settle);
    function settle(): void {
      timer.cancel();
      socket.off(opened, settle);
      socket.off("close", settle);
      resolve(isOpen());
    }
    socket.once(opened, settle);
    socket.once("close", settle);
  });
}

/** For a connection that nobody waits for any more: true when it came to be open, false when it is to be ended as it is. */
export async function letFinish(opening: OpeningSocket, clock: Clock): Promise<boolean> {
  const isConnecting = (): boolean => opening.phase === "name" || opening.phase === "tcp";
  if (isConnecting()) {
    await new Promise<void>((resolve) => clock.after(LET_CONNECT_MS, resolve));
  }
  return isConnecting() ? false : await whenOpen(opening, clock, LET_FINISH_MS);
}

function followLookup(opening: OpeningSocket, clock: Clock): void {
  if (opening.phase !== "name") {
    return;
  }
  const beganUs = clock.monotonicUs();
  // One that fails has taken its time too.
  opening.socket.once("lookup", (error: Error | null) => {
    opening.lookupMs = Math.round((clock.monotonicUs() - beganUs) / 1000);
    if (opening.phase === "name" && error === null) {
      opening.phase = "tcp";
    }
  });
}

function tellServed(socket: TLSSocket, { address, clock, onServed }: SocketOptions): void {
  const about = { address: formatAddress(address), nowMs: clock.nowMs() };
  const served = onServed === undefined ? undefined : readServedCertificate(socket, about);
  if (served !== undefined) {
    onServed?.(served);
  }
}

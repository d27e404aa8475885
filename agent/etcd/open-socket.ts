/** Opens one TCP or TLS connection and says how far it has come: the one place where sockets towards etcd are made. */
import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SecureContext } from "node:tls";
import type { Address } from "./address.ts";
import type { ConnectionPhase } from "./link-look.ts";

export interface OpeningSocket {
  readonly socket: Socket;
  phase: ConnectionPhase;
  /** Known from TCP's handshake on. */
  remoteIp: string | undefined;
}

export interface SocketOptions {
  readonly address: Address;
  /** undefined: plain text. */
  readonly context: SecureContext | undefined;
  readonly alpn: string;
  readonly onOpen: () => void;
}

/** Errors come as the socket's "error" event. */
export function openSocket(options: SocketOptions): OpeningSocket {
  const { host, port } = options.address;
  // TCP keep-alive is left off: a request a second says more.
  const target = { host, port, noDelay: true };
  if (options.context === undefined) {
    const opening: OpeningSocket = { socket: connectTcp(target), phase: "tcp", remoteIp: undefined };
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
  const opening: OpeningSocket = { socket, phase: "tcp", remoteIp: undefined };
  socket.once("connect", () => {
    opening.phase = "tls";
    opening.remoteIp = socket.remoteAddress;
  });
  socket.once("secureConnect", () => {
    opening.phase = "open";
    options.onOpen();
  });
  return opening;
}

/**
 * The port that agents connect to. Owns the sockets and TLS, so that a connection that is not an agent's ends before it
 * reaches gRPC, is counted and explained, and harms no other.
 */
import { readFile } from "node:fs/promises";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import {
  createSecureContext,
  createServer,
  type Server as TlsServer,
  type TlsOptions,
  type TLSSocket,
} from "node:tls";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { serverTlsOptions, type TlsMaterial } from "../../shared/grpc.ts";
import { ENROLMENT_PROTOCOL } from "../../shared/enrolment.ts";
import type { AgentIdentity } from "../../shared/frame.ts";
import type { Logger } from "../../shared/log-line.ts";
import { stripOpensslFraming } from "../../shared/openssl-text.ts";
import type { TlsPaths } from "../config.ts";
import { clientOf, createConnectionPlaces } from "../connection-places.ts";
import type { IngestCounters } from "./counters.ts";
import { addressOf, createHandshakeLine } from "./handshake-line.ts";
import { parseIdentity } from "./identity.ts";
import { createRejectionGate } from "./rejection-gate.ts";
import { EMPTY_LIST, isRevoked, readIfChanged, type RevocationList } from "./revocation-list.ts";

export const LISTENER_LIMITS = {
  /** A live stream and one of what was kept of each of 10,000 agents, and those that have to prove who they are. */
  connections: 24_000,
  /** From one address, of those that have not shown a good certificate yet: it cannot keep everybody else out. */
  unprovenOfAddress: 4000,
  /** Accepted by the kernel and not by us, while the event loop is busy. */
  backlog: 4096,
  /** Of one certificate's name: an agent needs two, and twice that for a moment while it reconnects. */
  ofAgent: 8,
  /** From its beginning. */
  handshakeMs: 10_000,
  /**
   * From the handshake to an accepted stream, and from the end of the last one to the connection's. An agent closes its own at once; but
   * where it was gone while our process stood still, Node's HTTP/2 may stop to read before it hears of that, and would hold it forever.
   */
  withoutStreamMs: 10_000,
  /** Certificates are read again this often, so that a renewed one comes into force without a restart. */
  reloadMs: 60_000,
  /** Whether the revocation list has changed; a look is one call of the file system. */
  revocationMs: 1000,
  /** Connections rejected for one reason are logged at most this often. */
  rejections: { everyMs: 10_000, reasons: 32 },
} as const;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPaths;
  /** File of certificates that are not believed any more. */
  readonly revoked: string | undefined;
  /** Takes connections that ask for a certificate; undefined: they are rejected. */
  readonly enrolment: EnrolmentDoor | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: IngestCounters;
  /** An authorized socket that speaks HTTP/2. */
  readonly onConnection: (socket: TLSSocket) => void;
}

export interface EnrolmentDoor {
  /** `identity` is what the peer's own certificate proves; undefined without one. */
  serve(socket: TLSSocket, identity: AgentIdentity | undefined): void;
}

export interface Listener {
  /** Resolves to the port. */
  start(): Promise<number>;
  /** The connection from this address (host:port) carries an accepted stream, or one more. */
  keep(remote: string): void;
  /** A stream that it was kept for is over. */
  release(remote: string): void;
  stop(): void;
}

/** A connection that was let in. */
interface Admitted {
  readonly socket: TLSSocket;
  /** Accepted, and not over. */
  streams: number;
  /** While there are none. */
  deadline: Timer | undefined;
}

export function createListener(options: ListenerOptions): Listener {
  const { clock, log, counters } = options;
  /** By address and port. */
  const admitted = new Map<string, Admitted>();
  /** The port; and what speaks TLS on the connections whose turn it is. */
  let server: Server | undefined;
  let tls: TlsServer | undefined;
  let material: TlsMaterial | undefined;
  let reload: Timer | undefined;
  let revocation: Timer | undefined;
  let revoked: RevocationList = EMPTY_LIST;
  let revokedMark = "";
  let isListBroken = false;
  const rejections = createRejectionGate(LISTENER_LIMITS.rejections);
  const unproven = createConnectionPlaces(LISTENER_LIMITS.unprovenOfAddress);
  const line = createHandshakeLine({
    clock,
    begin: (socket) => tls?.emit("connection", socket),
    reject,
    counters,
  });
  /** By address and port: how to give back the place of one that has proven nothing yet. */
  const waiting = new Map<string, () => void>();
  /** Oldest first. */
  const byAgent = new Map<string, Set<TLSSocket>>();

  async function start(): Promise<number> {
    material = await readMaterial(options.tls);
    await readRevoked();
    const secure = createServer({ ...tlsOptions(material), handshakeTimeout: LISTENER_LIMITS.handshakeMs });
    tls = secure;
    secure.on("secureConnection", admit);
    secure.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
      reject(error.message, addressOf(socket));
      line.leave(addressOf(socket));
      // what failed is closed once the peer was told why; what never came is left open by Node
      if (error.code === "ERR_TLS_HANDSHAKE_TIMEOUT") {
        socket.destroy();
      }
    });
    const created = createTcpServer({ noDelay: true });
    server = created;
    created.maxConnections = LISTENER_LIMITS.connections;
    created.on("connection", holdPlace);
    created.on("drop", () => reject("Too many connections", ""));
    await new Promise<void>((resolve, fail) => {
      created.once("error", (error) =>
        fail(
          new EtcdscopeError(
            "UNAVAILABLE",
            `Cannot listen on ${options.host}:${options.port}: ${error.message}`,
            {
              cause: error,
            },
          ),
        ),
      );
      created.listen({ port: options.port, host: options.host, backlog: LISTENER_LIMITS.backlog }, resolve);
    });
    created.on("error", (error) => log.error({ error }, "Port of the agents failed."));
    scheduleReload();
    scheduleRevocation();
    return (created.address() as AddressInfo).port;
  }

  function tlsOptions(from: TlsMaterial): TlsOptions {
    return serverTlsOptions(from, options.enrolment === undefined ? ["h2"] : ["h2", ENROLMENT_PROTOCOL]);
  }

  /** Before its handshake, a connection has a place among those of its address. */
  function holdPlace(socket: Socket): void {
    const client = clientOf(socket.remoteAddress ?? "");
    if (!unproven.take(client)) {
      socket.destroy();
      reject("Too many connections without a certificate from one address", addressOf(socket));
      return;
    }
    const remote = addressOf(socket);
    const leave = (): void => {
      if (waiting.delete(remote)) {
        unproven.leave(client);
      }
    };
    waiting.set(remote, leave);
    socket.once("close", leave);
    line.add(socket);
  }

  /** The newest of an agent's connections stay: of an old one nobody knows whether it still lives. */
  function holdAgentPlace(socket: TLSSocket): void {
    const identity = parseIdentity(socket.getPeerCertificate().subjectaltname);
    const name = identity === undefined ? "" : `${identity.cluster}/${identity.node}`;
    const ofAgent = byAgent.get(name) ?? new Set();
    byAgent.set(name, ofAgent);
    ofAgent.add(socket);
    socket.once("close", () => {
      ofAgent.delete(socket);
      if (ofAgent.size === 0 && byAgent.get(name) === ofAgent) {
        byAgent.delete(name);
      }
    });
    const [oldest] = ofAgent;
    if (ofAgent.size > LISTENER_LIMITS.ofAgent && oldest !== undefined) {
      reject("Too many connections of one agent: the oldest was ended", addressOf(oldest));
      ofAgent.delete(oldest);
      oldest.destroy();
    }
  }

  function admit(socket: TLSSocket): void {
    const remote = addressOf(socket);
    counters.handshakesTotal += 1;
    // a reset after the handshake is the peer's matter, and must not be an uncaught error of ours
    socket.on("error", () => undefined);
    if (isRevoked(revoked, socket.getPeerCertificate())) {
      reject("Certificate was revoked", remote);
      socket.destroy();
      return;
    }
    if (socket.alpnProtocol === ENROLMENT_PROTOCOL && options.enrolment !== undefined) {
      line.leave(remote);
      const names = socket.authorized ? socket.getPeerCertificate().subjectaltname : undefined;
      options.enrolment.serve(socket, parseIdentity(names));
      return;
    }
    if (!socket.authorized) {
      reject(String(socket.authorizationError), remote);
      socket.destroy();
      return;
    }
    waiting.get(remote)?.();
    holdAgentPlace(socket);
    // the peer uses its port again: whatever came from there before is gone
    admitted.get(remote)?.socket.destroy();
    const connection: Admitted = { socket, streams: 0, deadline: undefined };
    admitted.set(remote, connection);
    counters.connections = admitted.size;
    socket.once("close", () => {
      connection.deadline?.cancel();
      if (admitted.get(remote) === connection) {
        admitted.delete(remote);
      }
      counters.connections = admitted.size;
    });
    awaitStream(connection);
    options.onConnection(socket);
  }

  function awaitStream(connection: Admitted): void {
    connection.deadline = clock.after(LISTENER_LIMITS.withoutStreamMs, () => connection.socket.destroy());
  }

  function keep(remote: string): void {
    // it is welcomed right away: that much was to be done for it
    line.leave(remote);
    const connection = admitted.get(remote);
    if (connection !== undefined) {
      connection.streams += 1;
      connection.deadline?.cancel();
      connection.deadline = undefined;
    }
  }

  function release(remote: string): void {
    const connection = admitted.get(remote);
    if (connection !== undefined && connection.streams > 0) {
      connection.streams -= 1;
      if (connection.streams === 0) {
        awaitStream(connection);
      }
    }
  }

  function reject(message: string, remote: string): void {
    counters.rejectedConnectionsTotal += 1;
    const error = stripOpensslFraming(message);
    const alsoRejected = rejections.pass(error, clock.monotonicUs() / 1000);
    if (alsoRejected !== undefined) {
      log.warn({ error, remote, alsoRejected }, "Connection of an agent was rejected.");
    }
  }

  function scheduleReload(): void {
    reload = clock.after(LISTENER_LIMITS.reloadMs, () => {
      reloadMaterial()
        .catch((error: unknown) =>
          log.warn({ error }, "Certificates could not be read again; the old ones stay in force."),
        )
        .finally(scheduleReload);
    });
  }

  function scheduleRevocation(): void {
    if (options.revoked === undefined) {
      return;
    }
    revocation = clock.after(LISTENER_LIMITS.revocationMs, () => {
      readRevoked()
        .then(() => {
          isListBroken = false;
        })
        .catch((error: unknown) => {
          if (!isListBroken) {
            log.warn(
              { error, revoked: options.revoked },
              "Revocation list could not be read; the last one holds.",
            );
          }
          isListBroken = true;
        })
        .finally(scheduleRevocation);
    });
  }

  async function readRevoked(): Promise<void> {
    const read =
      options.revoked === undefined ? undefined : await readIfChanged(options.revoked, revokedMark);
    if (read === undefined) {
      return;
    }
    revoked = read.list;
    revokedMark = read.mark;
    for (const { socket } of admitted.values()) {
      if (isRevoked(revoked, socket.getPeerCertificate())) {
        reject("Certificate was revoked", addressOf(socket));
        socket.destroy();
      }
    }
    log.info({ entries: revoked.entries.size }, "Revocation list is in force.");
  }

  async function reloadMaterial(): Promise<void> {
    const read = await readMaterial(options.tls);
    const isSame =
      material !== undefined &&
      read.ca.equals(material.ca) &&
      read.cert.equals(material.cert) &&
      read.key.equals(material.key);
    if (!isSame && tls !== undefined) {
      tls.setSecureContext(tlsOptions(read));
      material = read;
      log.info({ cert: options.tls.cert }, "Certificates were renewed.");
    }
  }

  function stop(): void {
    reload?.cancel();
    revocation?.cancel();
    server?.close();
    line.stop();
    for (const { socket } of admitted.values()) {
      socket.destroy();
    }
  }

  return { start, keep, release, stop };
}

async function readMaterial(paths: TlsPaths): Promise<TlsMaterial> {
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw new EtcdscopeError(
        "CONFIG_INVALID",
        `Cannot read ${path}: ${EtcdscopeError.from(error).message}`,
        {
          cause: error,
        },
      );
    }
  };
  const material = { ca: await read(paths.ca), cert: await read(paths.cert), key: await read(paths.key) };
  try {
    createSecureContext(material);
  } catch (error) {
    throw new EtcdscopeError(
      "CONFIG_INVALID",
      `Expected a certificate, its key and an authority in ${paths.cert}, ${paths.key}, ${paths.ca}: ${EtcdscopeError.from(error).message}`,
      { cause: error },
    );
  }
  return material;
}

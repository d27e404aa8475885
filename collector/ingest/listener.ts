/**
 * The port that agents connect to. Owns the sockets and TLS, so that a connection that is not an agent's ends before it
 * reaches gRPC, is counted and explained, and harms no other.
 */
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createSecureContext, createServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import { serverTlsOptions, type TlsMaterial } from "../../shared/grpc.ts";
import type { Logger } from "../../shared/log-line.ts";
import { stripOpensslFraming } from "../../shared/openssl-text.ts";
import type { TlsPaths } from "../config.ts";
import type { IngestCounters } from "./counters.ts";
import { createRejectionGate } from "./rejection-gate.ts";

export const LISTENER_LIMITS = {
  connections: 12_000,
  handshakeMs: 10_000,
  /** From the handshake to an accepted stream. */
  firstStreamMs: 10_000,
  /** Certificates are read again this often, so that a renewed one comes into force without a restart. */
  reloadMs: 60_000,
  /** Connections rejected for one reason are logged at most this often. */
  rejections: { everyMs: 10_000, reasons: 32 },
} as const;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPaths;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: IngestCounters;
  /** An authorized socket that speaks HTTP/2. */
  readonly onConnection: (socket: TLSSocket) => void;
}

export interface Listener {
  /** Resolves to the port. */
  start(): Promise<number>;
  /** The connection from this address (host:port) carries an accepted stream. */
  keep(remote: string): void;
  stop(): void;
}

export function createListener(options: ListenerOptions): Listener {
  const { clock, log, counters } = options;
  const deadlines = new Map<string, Timer>();
  const sockets = new Set<TLSSocket>();
  let server: TlsServer | undefined;
  let material: TlsMaterial | undefined;
  let reload: Timer | undefined;
  const rejections = createRejectionGate(LISTENER_LIMITS.rejections);

  async function start(): Promise<number> {
    material = await readMaterial(options.tls);
    const created = createServer({
      ...serverTlsOptions(material),
      handshakeTimeout: LISTENER_LIMITS.handshakeMs,
      noDelay: true,
    });
    server = created;
    created.maxConnections = LISTENER_LIMITS.connections;
    created.on("secureConnection", admit);
    created.on("tlsClientError", (error, socket) => reject(error.message, addressOf(socket)));
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
      created.listen(options.port, options.host, resolve);
    });
    created.on("error", (error) => log.error({ error }, "Port of the agents failed."));
    scheduleReload();
    return (created.address() as AddressInfo).port;
  }

  function admit(socket: TLSSocket): void {
    const remote = addressOf(socket);
    // a reset after the handshake is the peer's matter, and must not be an uncaught error of ours
    socket.on("error", () => undefined);
    if (!socket.authorized) {
      reject(String(socket.authorizationError), remote);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    counters.connections = sockets.size;
    socket.once("close", () => {
      sockets.delete(socket);
      counters.connections = sockets.size;
      keep(remote);
    });
    deadlines.set(
      remote,
      clock.after(LISTENER_LIMITS.firstStreamMs, () => {
        deadlines.delete(remote);
        socket.destroy();
      }),
    );
    options.onConnection(socket);
  }

  function keep(remote: string): void {
    deadlines.get(remote)?.cancel();
    deadlines.delete(remote);
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

  async function reloadMaterial(): Promise<void> {
    const read = await readMaterial(options.tls);
    const isSame =
      material !== undefined &&
      read.ca.equals(material.ca) &&
      read.cert.equals(material.cert) &&
      read.key.equals(material.key);
    if (!isSame && server !== undefined) {
      server.setSecureContext(serverTlsOptions(read));
      material = read;
      log.info({ cert: options.tls.cert }, "Certificates were renewed.");
    }
  }

  function stop(): void {
    reload?.cancel();
    server?.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  }

  return { start, keep, stop };
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

function addressOf(socket: TLSSocket): string {
  return `${socket.remoteAddress ?? ""}:${socket.remotePort ?? ""}`;
}

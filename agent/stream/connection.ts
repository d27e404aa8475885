/**
 * One gRPC connection to one collector, used for one stream and then thrown away: a new try reads the certificates
 * anew and inherits nothing. The agent's only door to gRPC towards a collector.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Client, type ChannelOptions, type ClientDuplexStream, type StatusObject } from "@grpc/grpc-js";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  CollectorService,
  ConnectRequestSchema,
  ConnectResponseSchema,
  type ConnectRequest,
  type ConnectResponse,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import {
  clientTls,
  decodeMessage,
  encodeMessage,
  MESSAGE_LIMIT_OPTIONS,
  methodDefinition,
  type TlsMaterial,
} from "../../shared/grpc.ts";
import type { TlsPaths } from "../config.ts";
import { describeFailure, type OwnCertificate } from "./describe-failure.ts";

const CONNECT = methodDefinition(CollectorService.method.connect);

const OPTIONS: ChannelOptions = {
  ...MESSAGE_LIMIT_OPTIONS,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  // one channel a connection, so that closing it closes the socket
  "grpc.use_local_subchannel_pool": 1,
  // a proxy of the machine's environment is meant for other traffic
  "grpc.enable_http_proxy": 0,
};

export interface ConnectionHandlers {
  onMessage(message: ConnectResponse): void;
  /** Room to write again, after write returned false. */
  onDrained(): void;
  /** Once, whatever ended it but close(). */
  onEnded(reason: string): void;
}

export interface Connection {
  /** Whether more may be written at once; the message is taken in any case. */
  write(message: ConnectRequest): boolean;
  /** As write, for a message already encoded. */
  writeBytes(bytes: Uint8Array): boolean;
  close(): void;
}

export interface ConnectionTarget {
  /** host:port */
  readonly collector: string;
  readonly tls: TlsPaths;
  readonly clock: Clock;
}

/** Opens a stream. Never throws: what goes wrong arrives at onEnded, except after close. */
export function openConnection(target: ConnectionTarget, handlers: ConnectionHandlers): Connection {
  const early: Uint8Array[] = [];
  let client: Client | undefined;
  let call: ClientDuplexStream<Uint8Array, Uint8Array> | undefined;
  let own: OwnCertificate | undefined;
  let isOver = false;

  function end(reason: string): void {
    if (!isOver) {
      close();
      handlers.onEnded(reason);
    }
  }

  function close(): void {
    isOver = true;
    call?.cancel();
    client?.close();
  }

  function receive(bytes: Uint8Array): void {
    if (isOver) {
      return;
    }
    try {
      handlers.onMessage(decodeMessage(ConnectResponseSchema, bytes));
    } catch (error) {
      end(EtcdscopeError.from(error).message);
    }
  }

  function start(material: TlsMaterial): void {
    if (isOver) {
      return;
    }
    own = readValidity(target.tls.cert, material.cert);
    const tls = clientTls(material, target.collector);
    client = new Client(target.collector, tls.credentials, { ...OPTIONS, ...tls.options });
    call = client.makeBidiStreamRequest(CONNECT.path, CONNECT.requestSerialize, CONNECT.responseDeserialize);
    call.on("data", receive);
    call.on("drain", () => {
      if (!isOver) {
        handlers.onDrained();
      }
    });
    call.on("error", () => undefined); // the status says the same, and comes for every end
    call.on("status", (status: StatusObject) =>
      end(describeFailure(status.details, own, target.clock.nowMs())),
    );
    for (const bytes of early.splice(0)) {
      call.write(bytes);
    }
  }

  function writeBytes(bytes: Uint8Array): boolean {
    if (isOver) {
      return false;
    }
    if (call === undefined) {
      early.push(bytes);
      return false;
    }
    return call.write(bytes);
  }

  readTlsMaterial(target.tls)
    .then(start)
    .catch((error: unknown) => end(EtcdscopeError.from(error).message));

  return { write: (message) => writeBytes(encodeMessage(ConnectRequestSchema, message)), writeBytes, close };
}

async function readTlsMaterial(paths: TlsPaths): Promise<TlsMaterial> {
  const [ca, cert, key] = await Promise.all([paths.ca, paths.cert, paths.key].map((path) => readFile(path)));
  if (ca === undefined || cert === undefined || key === undefined) {
    throw new EtcdscopeError("INTERNAL", "Expected three files");
  }
  return { ca, cert, key };
}

function readValidity(path: string, pem: Buffer): OwnCertificate {
  const { validFrom, validTo } = new X509Certificate(pem);
  return { path, notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo) };
}

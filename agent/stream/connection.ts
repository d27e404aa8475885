/**
 * One gRPC connection to one collector, used for one stream and then thrown away: a new try reads the certificates
 * anew and inherits nothing. The agent's only door to gRPC towards a collector.
 *
 * Spoken over Node's own HTTP/2, as towards etcd: beside a cluster, the layers of grpc-js cost a stream that sends one message a
 * second 0.4 ms of CPU a second and 2 MiB of memory.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect, constants } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { Clock } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import {
  CollectorService,
  ConnectRequestSchema,
  ConnectResponseSchema,
  type ConnectRequest,
  type ConnectResponse,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage, encodeMessage, methodPath, type TlsMaterial } from "../../shared/grpc.ts";
import type { TlsPaths } from "../config.ts";
import { describeFailure, type OwnCertificate } from "./describe-failure.ts";
import { frameMessage, MessageCutter } from "./message-frames.ts";

const HEADERS = {
  [constants.HTTP2_HEADER_METHOD]: "POST",
  [constants.HTTP2_HEADER_PATH]: methodPath(CollectorService.method.connect),
  [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
  [constants.HTTP2_HEADER_TE]: "trailers",
};
/** A connection that has been said goodbye to is gone by then, or cut. */
const CLOSE_LIMIT_MS = 1000;

export interface ConnectionHandlers {
  /** TCP is connected. */
  onReached?(): void;
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
  const early: Buffer[] = [];
  const cutter = new MessageCutter();
  let session: ClientHttp2Session | undefined;
  let stream: ClientHttp2Stream | undefined;
  let own: OwnCertificate | undefined;
  let isOver = false;
  let hasAnswered = false;
  /** The status that the collector ended the stream with. */
  let told: string | undefined;
  /** What went wrong first, as the socket, the session or the stream said it. */
  let cause: string | undefined;

  function end(reason: string): void {
    if (!isOver) {
      close();
      handlers.onEnded(reason);
    }
  }

  function endAsKnown(): void {
    const details = told ?? cause ?? (hasAnswered ? "Connection dropped" : "Connection closed");
    end(describeFailure(details, own, target.clock.nowMs()));
  }

  function close(): void {
    isOver = true;
    early.length = 0;
    stream?.close(constants.NGHTTP2_CANCEL);
    const closing = session;
    if (closing !== undefined && !closing.destroyed) {
      const timer = target.clock.after(CLOSE_LIMIT_MS, () => closing.destroy());
      closing.once("close", () => timer.cancel());
      closing.close();
    }
  }

  function receive(chunk: Buffer): void {
    try {
      for (const bytes of cutter.cut(chunk)) {
        if (!isOver) {
          handlers.onMessage(decodeMessage(ConnectResponseSchema, bytes));
        }
      }
    } catch (error) {
      end(EtcdscopeError.from(error).message);
    }
  }

  function start(material: TlsMaterial): void {
    if (isOver) {
      return;
    }
    own = readValidity(target.tls.cert, material.cert);
    session = connect(`https://${target.collector}`, {
      ...material,
      minVersion: "TLSv1.3",
      settings: { enablePush: false },
    });
    session.on("error", (error) => {
      cause ??= error.message;
    });
    session.once("close", endAsKnown);
    session.once("connect", begin);
    session.socket.once("connect", () => {
      if (!isOver) {
        handlers.onReached?.();
      }
    });
  }

  function begin(): void {
    if (isOver || session === undefined) {
      return;
    }
    stream = session.request(HEADERS, { endStream: false });
    stream.on("response", readStatus);
    stream.on("trailers", readStatus);
    stream.on("data", receive);
    stream.on("drain", () => {
      if (!isOver) {
        handlers.onDrained();
      }
    });
    stream.on("error", (error) => {
      cause ??= error.message;
    });
    // What it said before its end has been read by then.
    stream.once("end", endAsKnown);
    stream.once("close", endAsKnown);
    for (const frame of early.splice(0)) {
      stream.write(frame);
    }
    handlers.onDrained();
  }

  /** An answer of gRPC says how it ended: in its trailers, or in its only headers. */
  function readStatus(headers: IncomingHttpHeaders): void {
    hasAnswered = true;
    const httpStatus = headers[constants.HTTP2_HEADER_STATUS];
    const status = headers["grpc-status"];
    if (status !== undefined) {
      const message = decodePercent(String(headers["grpc-message"] ?? ""));
      told = message === "" ? `The collector ended the stream with gRPC status ${String(status)}` : message;
    } else if (httpStatus !== undefined && Number(httpStatus) !== 200) {
      told = `The collector's port answered with HTTP status ${String(httpStatus)}: it may be another's`;
    }
  }

  function writeBytes(bytes: Uint8Array): boolean {
    if (isOver) {
      return false;
    }
    const frame = frameMessage(bytes);
    if (stream === undefined) {
      early.push(frame);
      return false;
    }
    return stream.write(frame);
  }

  readTlsMaterial(target.tls)
    .then(start)
    .catch((error: unknown) => end(EtcdscopeError.from(error).message));

  return { write: (message) => writeBytes(encodeMessage(ConnectRequestSchema, message)), writeBytes, close };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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

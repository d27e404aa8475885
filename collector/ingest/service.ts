/** The gRPC service: a thin shell that turns each call into an agent's stream. */
import { Server, ServerCredentials, type ConnectionInjector, type ServerDuplexStream } from "@grpc/grpc-js";
import type { Duplex } from "node:stream";
import { CollectorService, ConnectResponseSchema } from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { encodeMessage, MESSAGE_LIMIT_OPTIONS, methodDefinition } from "../../shared/grpc.ts";
import type { AgentStream, StreamTransport } from "./agent-stream.ts";

/** A TCP peer that is gone without a word is noticed after the sum of both; that an agent is silent, by its frames, long before. */
const KEEPALIVE = { timeMs: 15_000, timeoutMs: 5000 } as const;
/** Time for the last messages to leave before calls that were ended are cut. */
const END_GRACE_MS = 1000;

export interface ServiceOptions {
  /** A call has begun. */
  readonly onCall: (call: IncomingCall) => AgentStream;
  /** The call is over, whoever ended it. */
  readonly onClosed: (stream: AgentStream) => void;
}

export interface IncomingCall {
  /** Subject alternative names of the client's certificate, as Node prints them. */
  readonly subjectAltName: string | undefined;
  /** host:port */
  readonly remote: string;
  readonly transport: StreamTransport;
}

export interface Service {
  /** Serves a connection that TLS let through. */
  inject(socket: Duplex): void;
  stop(): void;
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

export function createService(options: ServiceOptions): Service {
  const server = new Server({
    ...MESSAGE_LIMIT_OPTIONS,
    "grpc.keepalive_time_ms": KEEPALIVE.timeMs,
    "grpc.keepalive_timeout_ms": KEEPALIVE.timeoutMs,
    // an agent needs one; a second may overlap while the first is being replaced
    "grpc.max_concurrent_streams": 4,
  });
  server.addService({ connect: methodDefinition(CollectorService.method.connect) }, { connect: serve });
  // TLS is the listener's: what is injected has passed it
  const injector: ConnectionInjector = server.createConnectionInjector(ServerCredentials.createInsecure());

  function serve(call: Call): void {
    const stream = options.onCall({
      subjectAltName: call.getAuthContext().sslPeerCertificate?.subjectaltname,
      remote: call.getPeer(),
      transport: createTransport(call),
    });
    let isClosed = false;
    function close(): void {
      if (!isClosed) {
        isClosed = true;
        stream.close();
        options.onClosed(stream);
      }
    }
    call.on("data", (bytes: Uint8Array) => stream.receive(bytes));
    call.on("end", () => {
      call.end();
      close();
    });
    call.on("cancelled", close);
    call.on("error", close);
    call.on("close", close);
  }

  return {
    inject: (socket) => injector.injectConnection(socket),
    stop: () => {
      injector.drain(END_GRACE_MS);
      server.forceShutdown();
    },
  };
}

function createTransport(call: Call): StreamTransport {
  let isEnded = false;
  return {
    send: (message) => {
      if (!isEnded && !call.cancelled && call.writable) {
        call.write(encodeMessage(ConnectResponseSchema, message));
      }
    },
    pause: () => call.pause(),
    resume: () => call.resume(),
    end: () => {
      if (!isEnded) {
        isEnded = true;
        call.end();
      }
    },
  };
}

/** A gRPC client that says whatever bytes a test wants to an agents' port, with a certificate of its own. */
import { Client, Metadata, type ClientDuplexStream } from "@grpc/grpc-js";
import { create, toBinary } from "@bufbuild/protobuf";
import { readFileSync } from "node:fs";
import type { Frame } from "../../shared/frame.ts";
import { createFrameEncoder } from "../../shared/frame-codec.ts";
import {
  CollectorService,
  ConnectRequestSchema,
  ConnectResponseSchema,
  HelloSchema,
  type ConnectRequest,
  type ConnectResponse,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage, methodDefinition } from "../../shared/grpc.ts";
import { clientTls } from "../lab/grpc-client-tls.ts";
import type { IssuedFiles } from "../collector/ingest/test-pki.ts";

export interface RawStream {
  readonly answers: ConnectResponse["message"][];
  readonly errors: string[];
  readonly send: (bytes: Uint8Array) => void;
  readonly hello: (cluster: string, node: string, instanceId: string) => void;
  readonly frame: (frame: Frame) => void;
  readonly close: () => void;
}

export function bytesOf(message: ConnectRequest["message"]): Uint8Array {
  return toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { message }));
}

/** `encoding` is what the stream claims its messages to be compressed with. */
export function openRawStream(port: number, files: IssuedFiles, encoding?: string): RawStream {
  const target = `127.0.0.1:${port}`;
  const material = {
    ca: readFileSync(files.ca),
    cert: readFileSync(files.cert),
    key: readFileSync(files.key),
  };
  const tls = clientTls(material, target);
  const client = new Client(target, tls.credentials, {
    ...tls.options,
    // each stream has a connection of its own
    "grpc.use_local_subchannel_pool": 1,
    ...(encoding === undefined ? {} : { "grpc.default_compression_algorithm": 2 }),
  });
  const method = methodDefinition(CollectorService.method.connect);
  const call: ClientDuplexStream<Uint8Array, Uint8Array> = client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    new Metadata(),
  );
  const answers: ConnectResponse["message"][] = [];
  const errors: string[] = [];
  call.on("data", (bytes: Uint8Array) => answers.push(decodeMessage(ConnectResponseSchema, bytes).message));
  call.on("error", (error) => errors.push(error.message));
  const encoder = createFrameEncoder();
  const send = (bytes: Uint8Array): void => void call.write(bytes);
  return {
    answers,
    errors,
    send,
    hello: (cluster, node, instanceId) =>
      send(
        bytesOf({
          case: "hello",
          value: create(HelloSchema, { cluster, node, instanceId, agentVersion: "0.1.0" }),
        }),
      ),
    frame: (frame) => send(bytesOf({ case: "frame", value: encoder.encode(frame) })),
    close: () => {
      call.cancel();
      client.close();
    },
  };
}

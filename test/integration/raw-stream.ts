/** A stream to a collector by hand: with a right certificate, and whatever bytes a test wants to send. */
import { readFileSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { Client } from "@grpc/grpc-js";
import type { AgentIdentity } from "../../shared/frame.ts";
import {
  CollectorService,
  ConnectRequestSchema,
  ConnectResponseSchema,
  HelloSchema,
  type ConnectRequest,
} from "../../shared/gen/etcdscope/v1/stream_pb.js";
import { decodeMessage, methodDefinition } from "../../shared/grpc.ts";
import { clientTls } from "../lab/grpc-client-tls.ts";
import type { CollectorPlace, TlsFiles } from "../lab/stack-config.ts";

export interface RawStream {
  /** What came back: kinds of messages, texts of refusals, the words of the end. */
  readonly answers: readonly string[];
  /** The last sequence that was acknowledged. */
  acknowledged(): bigint;
  /** False when there is no room for more. */
  sendBytes(bytes: Uint8Array): boolean;
  send(message: ConnectRequest["message"]): boolean;
  /** Settles when there is room again, or nobody to send to. */
  drained(): Promise<void>;
  close(): void;
}

export function openRawStream(place: CollectorPlace, tls: TlsFiles): RawStream {
  const target = `${place.ip}:${place.grpcPort}`;
  const material = {
    ca: readFileSync(tls.ca),
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
  };
  const { credentials, options } = clientTls(material, target);
  // Its own limits are off: what breaks them is to be sent.
  const client = new Client(target, credentials, { ...options, "grpc.max_send_message_length": -1 });
  const method = methodDefinition(CollectorService.method.connect);
  const call = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
  const answers: string[] = [];
  let acknowledged = 0n;
  call.on("data", (bytes: Uint8Array) => {
    const { message } = decodeMessage(ConnectResponseSchema, bytes);
    if (message.case === "ack") {
      acknowledged = message.value.sequence;
    } else {
      answers.push(message.case === "refusal" ? message.value.text : String(message.case));
    }
  });
  call.on("error", (error) => answers.push(error.message));

  function sendBytes(bytes: Uint8Array): boolean {
    return call.write(bytes);
  }

  let isOver = false;
  let wake = (): void => undefined;
  call.on("drain", () => wake());
  call.on("status", end);

  function end(): void {
    isOver = true;
    wake();
  }

  return {
    answers,
    acknowledged: () => acknowledged,
    sendBytes,
    send: (message) => sendBytes(toBinary(ConnectRequestSchema, create(ConnectRequestSchema, { message }))),
    drained: async () =>
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isOver) {
          resolve();
        }
      }),
    close: () => {
      end();
      call.cancel();
      client.close();
    },
  };
}

export function helloOf(agent: AgentIdentity): ConnectRequest["message"] {
  const value = create(HelloSchema, {
    ...agent,
    agentVersion: "0.1.0",
    bootId: "boot",
    instanceId: `raw-${agent.node}`,
  });
  return { case: "hello", value };
}

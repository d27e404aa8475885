/** What a kubelet says to a container runtime, over its socket. */
import { fromBinary, fromJson, toBinary, toJson, type JsonValue } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { systemClock } from "../../../shared/clock.ts";
import { criMessage, PACKAGE } from "./cri-messages.ts";

/** Method → its request and its response. */
const METHODS = {
  Version: ["Empty", "VersionResponse"],
  RunPodSandbox: ["RunPodSandboxRequest", "PodSandboxId"],
  StopPodSandbox: ["PodSandboxId", "Empty"],
  RemovePodSandbox: ["PodSandboxId", "Empty"],
  CreateContainer: ["CreateContainerRequest", "ContainerId"],
  StartContainer: ["ContainerId", "Empty"],
  StopContainer: ["StopContainerRequest", "Empty"],
  ReopenContainerLog: ["ContainerId", "Empty"],
} as const;

const CALL_LIMIT_MS = 30_000;

export interface CriClient {
  /** Messages as protobuf's JSON, fields by their names in the interface; the answers here hold texts only. Throws what the runtime says. */
  call(method: keyof typeof METHODS, request: JsonValue): Promise<Readonly<Record<string, string>>>;
  close(): void;
}

export function createCriClient(socketPath: string): CriClient {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  return {
    call: (method, request) => {
      const [asked, answered] = METHODS[method].map(criMessage);
      if (asked === undefined || answered === undefined) {
        throw new Error(`${method} has no messages`);
      }
      return new Promise((settle, fail) => {
        client.makeUnaryRequest(
          `/${PACKAGE}.RuntimeService/${method}`,
          (message: JsonValue) => Buffer.from(toBinary(asked, fromJson(asked, message))),
          (bytes) => toJson(answered, fromBinary(answered, bytes)),
          request,
          { deadline: systemClock.nowMs() + CALL_LIMIT_MS },
          (error, response) => {
            if (error === null) {
              settle(response as Record<string, string>);
            } else {
              fail(new Error(`${method}: ${error.message}`));
            }
          },
        );
      });
    },
    close: () => client.close(),
  };
}

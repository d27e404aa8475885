/** Reads the answer of one unary gRPC call from its HTTP/2 stream: status in the trailers, or in the headers alone. */
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { EtcdscopeError } from "../../shared/errors.ts";
import { decodeGrpcFrame, MAX_ANSWER_BYTES } from "./grpc-frame.ts";
import { translateGrpcStatus, translateHttpStatus } from "./translate-error.ts";

interface Answer {
  readonly chunks: Buffer[];
  bytes: number;
  headers: IncomingHttpHeaders | undefined;
  trailers: IncomingHttpHeaders | undefined;
}

/** The message; an error that etcd has told; or the stream's own error, which the caller knows more about. */
export type AnswerResult = Uint8Array | EtcdscopeError | Error;

/** Settles at least once; what comes after the first time is to be ignored. */
export function readAnswer(
  stream: ClientHttp2Stream,
  where: string,
  settle: (result: AnswerResult) => void,
): void {
  const answer: Answer = { chunks: [], bytes: 0, headers: undefined, trailers: undefined };
  stream.on("response", (received) => {
    answer.headers = received;
  });
  stream.on("trailers", (received) => {
    answer.trailers = received;
  });
  stream.on("data", (chunk: Buffer) => {
    answer.bytes += chunk.length;
    if (answer.bytes <= MAX_ANSWER_BYTES) {
      answer.chunks.push(chunk);
    }
  });
  stream.on("end", () => settle(finish(answer, where)));
  stream.on("error", settle);
}

function finish(answer: Answer, where: string): AnswerResult {
  const told = answer.trailers?.["grpc-status"] ?? answer.headers?.["grpc-status"];
  if (told === undefined) {
    const httpStatus = Number(answer.headers?.[":status"] ?? 200);
    return httpStatus === 200 ? endedEarly() : translateHttpStatus(httpStatus, where);
  }
  if (told !== "0") {
    const message = answer.trailers?.["grpc-message"] ?? answer.headers?.["grpc-message"] ?? "";
    return translateGrpcStatus(Number(told), decodePercent(String(message)), where);
  }
  try {
    return decodeGrpcFrame(answer.chunks);
  } catch (caught) {
    return EtcdscopeError.from(caught);
  }
}

/** What a connection that ends without an error of its own amounts to. */
export function endedEarly(): Error {
  return Object.assign(new Error("The connection ended before the answer"), { code: "ECONNRESET" });
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

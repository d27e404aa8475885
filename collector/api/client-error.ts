/** Answers to bytes that are no HTTP request, written straight to the socket: there is no request to reply to. */
import type { Socket } from "node:net";
import type { ConnectionError } from "fastify";
import { createProblem } from "./problem.ts";

/** Bytes of the first line, from which a long URL can be told from long headers. */
const START_LINE_BYTES = 8 * 1024;

export function answerClientError(error: ConnectionError, socket: Socket): void {
  // Without a handshake there is no way to say anything: an answer would wait for one, and the connection with it.
  const isTls = /^ERR_(SSL|TLS)_/.test(error.code);
  if (isTls || error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, detail } = describe(error);
  const body = JSON.stringify(createProblem(status, detail));
  socket.end(
    `HTTP/1.1 ${status} ${createProblem(status, detail).title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function describe(error: ConnectionError): { readonly status: number; readonly detail: string } {
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return isLongUrl(error.rawPacket)
        ? { status: 414, detail: "The URL is too long" }
        : { status: 431, detail: "The headers are too long" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, detail: "The request did not arrive in time" };
    default:
      return { status: 400, detail: "Expected an HTTP/1.1 request" };
  }
}

function isLongUrl(packet: unknown): boolean {
  const start = Buffer.isBuffer(packet) ? packet.subarray(0, START_LINE_BYTES) : undefined;
  return start !== undefined && start.length === START_LINE_BYTES && !start.includes("\n");
}

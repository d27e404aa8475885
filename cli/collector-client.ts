/** Asks a collector's REST API for one JSON document at a time, and says in a sentence what went wrong when it fails. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { EtcdscopeError, type ErrorCode } from "../shared/errors.ts";
import type { Problem } from "../shared/rest.ts";

export interface CollectorPlace {
  readonly url: URL;
  readonly token: string | undefined;
  /** PEM of the authority that signed the collector's HTTPS certificate; undefined: the machine's. */
  readonly ca: string | undefined;
}

export type Query = Readonly<Record<string, string | undefined>>;

export interface CollectorClient {
  get<T>(path: string, query?: Query): Promise<T>;
  /** As it is, whatever its media type. */
  getText(path: string, query?: Query): Promise<string>;
}

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

export function createCollectorClient(place: CollectorPlace): CollectorClient {
  async function ask(path: string, query: Query): Promise<Answer> {
    const url = new URL(place.url.pathname.replace(/\/$/, "") + path, place.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        url.searchParams.set(name, value);
      }
    }
    return await fetchText(url, place);
  }

  return {
    async getText(path, query = {}) {
      const answer = await ask(path, query);
      if (answer.status === 200) {
        return answer.body;
      }
      throw describeRefusal(place.url, answer.status, parseJson(answer.body));
    },
    async get<T>(path: string, query: Query = {}): Promise<T> {
      const answer = await ask(path, query);
      const document = parseJson(answer.body);
      if (answer.status === 200 && document !== undefined) {
        return document as T;
      }
      throw describeRefusal(place.url, answer.status, document);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function fetchText(url: URL, place: CollectorPlace): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    agent: false,
    headers: {
      accept: "application/json",
      ...(place.token === undefined ? {} : { authorization: `Bearer ${place.token}` }),
    },
    ...(place.ca === undefined ? {} : { ca: place.ca }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  request.on("error", (error) => reject(describeFailure(place.url, error)));
  request.on("response", (response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("error", (error) => reject(describeFailure(place.url, error)));
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) {
        const message = `Expected an answer of at most ${MAX_ANSWER_BYTES} bytes from ${place.url.href}`;
        reject(new EtcdscopeError("LIMIT_EXCEEDED", message));
        request.destroy();
      }
    });
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
    );
  });
  request.end();
  return promise;
}

/** Each row: what the system says, and what it means to somebody who typed a command. */
const FAILURES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ECONNREFUSED: ["UNAVAILABLE", "connection refused: nothing listens there"],
  ECONNRESET: ["UNAVAILABLE", "the connection was reset; is it https?"],
  EHOSTUNREACH: ["UNAVAILABLE", "the host cannot be reached"],
  ENETUNREACH: ["UNAVAILABLE", "the network cannot be reached"],
  ENOTFOUND: ["UNAVAILABLE", "the host name is not known"],
  EAI_AGAIN: ["UNAVAILABLE", "the host name could not be looked up"],
  ETIMEDOUT: ["TIMED_OUT", "the connection timed out"],
  EPROTO: ["TLS_FAILED", "it does not speak TLS; is it http?"],
  ABORT_ERR: ["TIMED_OUT", `no answer within ${TIMEOUT_MS / 1000} s`],
  CERT_HAS_EXPIRED: ["TLS_FAILED", "its certificate has expired"],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["TLS_FAILED", "its certificate is not trusted; name its authority with --ca"],
  SELF_SIGNED_CERT_IN_CHAIN: ["TLS_FAILED", "its certificate is not trusted; name its authority with --ca"],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "TLS_FAILED",
    "its certificate is not trusted; name its authority with --ca",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ["TLS_FAILED", "its certificate is for another name"],
};

function describeFailure(url: URL, error: NodeJS.ErrnoException): EtcdscopeError {
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const known = FAILURES[first.name === "TimeoutError" ? "ABORT_ERR" : (first.code ?? "")];
  const [code, why] = known ?? ["UNAVAILABLE", first.message];
  const hint = code === "UNAVAILABLE" ? " (--collector URL or ETCDSCOPE_COLLECTOR names another)" : "";
  return new EtcdscopeError(code, `No answer from the collector at ${url.origin}: ${why}${hint}`, {
    cause: error,
  });
}

function describeRefusal(url: URL, status: number, document: unknown): EtcdscopeError {
  const problem = document as Partial<Problem> | undefined;
  if (typeof problem?.detail !== "string" || typeof problem.status !== "number") {
    const message = `What answers at ${url.origin} is no etcdscope collector (status ${status})`;
    return new EtcdscopeError("PROTOCOL_ERROR", message);
  }
  const hint = status === 401 ? " (--token-file FILE or ETCDSCOPE_TOKEN gives one)" : "";
  return new EtcdscopeError(
    codeOf(status),
    `${problem.detail}${hint}`,
    problem.field === undefined ? {} : { field: problem.field },
  );
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 400:
      return "ARGUMENT_INVALID";
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    default:
      return status >= 500 ? "UNAVAILABLE" : "PROTOCOL_ERROR";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Asks a collector's REST API for one JSON document at a time, and says in a sentence what went wrong when it fails. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
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
  /** Has the collector do something, once. */
  post<T>(path: string): Promise<T>;
  /** As it is, whatever its media type. */
  getText(path: string, query?: Query): Promise<string>;
  /** Bytes as they come, however many; ends with an error when they stop coming. */
  getBytes(path: string, query?: Query): AsyncIterable<Buffer>;
}

const TIMEOUT_MS = 15_000;
/** Between two bytes of an answer of any length; a busy history needs a while for the first. */
const LONG_TIMEOUT_MS = 60_000;
const MAX_REFUSAL_CHARACTERS = 64 * 2 ** 10;
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

export function createCollectorClient(place: CollectorPlace): CollectorClient {
  function locate(path: string, query: Query): URL {
    const url = new URL(place.url.pathname.replace(/\/$/, "") + path, place.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) {
        url.searchParams.set(name, value);
      }
    }
    return url;
  }

  async function ask(path: string, query: Query, method: "GET" | "POST" = "GET"): Promise<Answer> {
    return await fetchText(locate(path, query), place, method);
  }

  function readDocument(answer: Answer): unknown {
    const document = parseJson(answer.body);
    if (answer.status === 200 && document !== undefined) {
      return document;
    }
    throw describeRefusal(place.url, answer.status, document);
  }

  return {
    async *getBytes(path, query = {}) {
      const response = await openAnswer(locate(path, query), place);
      const pieces = response as AsyncIterable<Buffer>;
      try {
        if (response.statusCode !== 200) {
          let body = "";
          for await (const piece of pieces) {
            body += body.length < MAX_REFUSAL_CHARACTERS ? piece.toString() : "";
          }
          throw describeRefusal(place.url, response.statusCode ?? 0, parseJson(body));
        }
        yield* pieces;
      } catch (caught) {
        throw caught instanceof EtcdscopeError ? caught : describeFailure(place.url, caught as Error);
      }
    },
    async getText(path, query = {}) {
      const answer = await ask(path, query);
      if (answer.status === 200) {
        return answer.body;
      }
      throw describeRefusal(place.url, answer.status, parseJson(answer.body));
    },
    async get<T>(path: string, query: Query = {}): Promise<T> {
      return readDocument(await ask(path, query)) as T;
    },
    async post<T>(path: string): Promise<T> {
      return readDocument(await ask(path, {}, "POST")) as T;
    },
  };
}

/** The answer as soon as its headers are there; every pause in it is bounded. */
function openAnswer(url: URL, place: CollectorPlace): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = send(url, place);
  request.setTimeout(LONG_TIMEOUT_MS, () => {
    request.destroy(new DOMException("No byte for too long", "TimeoutError"));
  });
  request.on("error", (error) => reject(describeFailure(place.url, error)));
  request.on("response", resolve);
  request.end();
  return promise;
}

function send(
  url: URL,
  place: CollectorPlace,
  { signal, method }: { readonly signal?: AbortSignal; readonly method?: string } = {},
): ClientRequest {
  const open = url.protocol === "https:" ? httpsRequest : httpRequest;
  return open(url, {
    agent: false,
    method: method ?? "GET",
    headers: {
      accept: "application/json",
      ...(place.token === undefined ? {} : { authorization: `Bearer ${place.token}` }),
    },
    ...(place.ca === undefined ? {} : { ca: place.ca }),
    ...(signal === undefined ? {} : { signal }),
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function fetchText(url: URL, place: CollectorPlace, method: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = send(url, place, { signal: AbortSignal.timeout(TIMEOUT_MS), method });
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

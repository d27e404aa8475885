/** One POST with a time limit: how every output leaves the collector. An answer is a value, whatever its status. */
import { readFile } from "node:fs/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import type { OutputTarget } from "../config.ts";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface PostRequest {
  readonly url: string;
  readonly target: OutputTarget;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface PostAnswer {
  readonly status: number;
  /** The beginning of the body, for the log. */
  readonly text: string;
}

export type Post = (request: PostRequest) => Promise<PostAnswer>;

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_LENGTH = 512;

/** Rejects with UNAVAILABLE or TIMED_OUT when no answer came, STORAGE_FAILED when a file of the target cannot be read. */
export async function post(asked: PostRequest): Promise<PostAnswer> {
  const { target } = asked;
  // Read at each use, so that a renewed authority or token needs no restart.
  const ca = target.ca === undefined ? undefined : await readSecretFile(target.ca);
  const token = target.tokenFile === undefined ? undefined : await readSecretFile(target.tokenFile);
  const headers = {
    ...asked.headers,
    "content-length": String(asked.body.length),
    "user-agent": "etcdscope",
    ...(token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }),
  };
  const options: RequestOptions = {
    method: "POST",
    headers,
    agent: false,
    ...(ca === undefined ? {} : { ca }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  return await send(asked, options);
}

function send(asked: PostRequest, options: RequestOptions): Promise<PostAnswer> {
  const url = new URL(asked.url);
  const start = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    function fail(error: Error): void {
      const isLate = error.name === "AbortError" || error.name === "TimeoutError";
      const message = isLate
        ? `Expected an answer of ${url.host} within ${TIMEOUT_MS} ms`
        : `Expected an answer of ${url.host}: ${error.message}`;
      reject(new EtcdscopeError(isLate ? "TIMED_OUT" : "UNAVAILABLE", message, { cause: error }));
    }
    const call = start(url, options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text = (text + part).slice(0, MAX_ANSWER_LENGTH);
      });
      answer.on("error", fail);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.on("error", fail);
    call.end(asked.body);
  });
}

/** Of a target: its authority, its token, the key it signs with. */
export async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new EtcdscopeError("STORAGE_FAILED", `Cannot read ${path}`, { cause: error });
  }
}

/** Whether the same request may succeed later: the server's trouble, too many requests, or a time-out of its own. */
export function isWorthRetrying(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

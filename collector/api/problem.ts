/** Errors as RFC 9457 problem+json: one place decides status and words for everything that can go wrong in a request. */
import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply } from "fastify";
import { describeUnknown } from "../../shared/config/find-unknown-keys.ts";
import { EtcdscopeError, type ErrorCode } from "../../shared/errors.ts";
import type { Problem } from "../../shared/rest.ts";

const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  CONFIG_INVALID: 500,
  ARGUMENT_INVALID: 400,
  NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  UNAUTHENTICATED: 401,
  LIMIT_EXCEEDED: 400,
  PROTOCOL_ERROR: 400,
  UNAVAILABLE: 503,
  TIMED_OUT: 504,
  TLS_FAILED: 502,
  STORAGE_FAILED: 503,
  STORAGE_FULL: 503,
  STORAGE_CORRUPT: 503,
  NOT_APPLICABLE: 404,
  CANCELLED: 503,
  INTERNAL: 500,
};

/** The problem of a status; `field` only where one field is wrong. */
export function createProblem(status: number, detail: string, field?: string): Problem {
  const problem = { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail };
  return field === undefined ? problem : { ...problem, field };
}

/** Any error of a handler, of a check or of fastify itself as a problem. Details of our own faults stay in the log. */
export function describeError(caught: unknown, knownParameters: readonly string[]): Problem {
  if (caught instanceof EtcdscopeError) {
    const status = caught.reason === "attempts" ? 429 : STATUS_OF_CODE[caught.code];
    return createProblem(
      status,
      status === 500 ? "The request failed; the log says why" : caught.message,
      caught.field,
    );
  }
  const error = caught as Partial<FastifyError>;
  const invalid = error.validation?.[0];
  if (invalid !== undefined) {
    const extra = invalid.params["additionalProperty"];
    const missing = invalid.params["missingProperty"];
    const at = typeof missing === "string" ? missing : invalid.instancePath.slice(1).split("/")[0];
    const field = typeof extra === "string" ? extra : at;
    const text =
      typeof extra === "string"
        ? describeUnknown(extra, knownParameters).replace("key", "parameter")
        : typeof missing === "string"
          ? "is required"
          : (invalid.message ?? "is not valid");
    return createProblem(400, `${field ?? "query"}: ${text}`, field);
  }
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500
    ? createProblem(status, error.message ?? "The request was refused")
    : createProblem(status === 503 ? 503 : 500, "The request failed; the log says why");
}

/** Sends the problem with its media type and the headers that belong to its status. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) {
    void reply.header("www-authenticate", 'Bearer realm="etcdscope"');
  }
  if (problem.status === 429) {
    void reply.header("retry-after", "60");
  }
  if (problem.status === 503) {
    void reply.header("retry-after", "5");
  }
  return reply.code(problem.status).type("application/problem+json").send(problem);
}

/** A request that the client must change. */
export function badRequest(field: string, expectation: string): EtcdscopeError {
  return new EtcdscopeError("ARGUMENT_INVALID", `${field}: ${expectation}`, { field });
}

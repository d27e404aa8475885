/** Turns what HTTP/2 says of a failed stream into one sentence for the log, the same for the same cause. Pure. */

/** Validity of this agent's own certificate. */
export interface OwnCertificate {
  readonly path: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What a connection looks like that the other side closed right after TLS. */
const CLOSED_EARLY = /ECONNRESET|EPIPE|socket hang up|Connection closed|socket disconnected/;

export function describeFailure(details: string, own: OwnCertificate | undefined, nowMs: number): string {
  const text = details.trim();
  if (!CLOSED_EARLY.test(text)) {
    return text === "" ? "The stream ended without a reason" : text;
  }
  if (own !== undefined && nowMs > own.notAfterMs) {
    return `The collector closed the connection: this agent's certificate ${own.path} has expired on ${iso(own.notAfterMs)}`;
  }
  if (own !== undefined && nowMs < own.notBeforeMs) {
    return `The collector closed the connection: this agent's certificate ${own.path} is valid from ${iso(own.notBeforeMs)} only`;
  }
  // Which of the two wordings it is depends on a race alone.
  return `The collector closed the connection after TLS began: it may not trust this agent's certificate, its log says why`;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

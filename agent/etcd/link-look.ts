/** What one attempt to speak with a port showed, layer by layer: the door remembers the last one of each port. */
import type { EtcdscopeError } from "../../shared/errors.ts";

/** unknown: this attempt cannot tell. absent: the port does not use the layer (TLS on a plain-text port). */
export type LayerState = "ok" | "failed" | "unknown" | "absent";

/** How far a connection has come; name: its host is being looked up. */
export type ConnectionPhase = "name" | "tcp" | "tls" | "open";

export interface LinkLook {
  readonly address: string;
  /** Where the connection really went, once it was made: what a name resolved to. */
  readonly remoteIp: string | undefined;
  /** What looking up its name took when the connection was made; absent: it is no name, or the answer has not come. */
  readonly lookupMs?: number;
  readonly tcp: LayerState;
  readonly tls: LayerState;
  readonly http: LayerState;
  /** undefined: it was answered. */
  readonly error: EtcdscopeError | undefined;
  /** From asking to the answer over a connection that was there; undefined where it was not, or nothing came. */
  readonly roundTripUs: number | undefined;
}

export interface Attempt {
  readonly address: string;
  readonly remoteIp: string | undefined;
  readonly lookupMs?: number | undefined;
  readonly isTls: boolean;
  readonly phase: ConnectionPhase;
  /** The connection was there before this attempt: its making proves nothing about now. */
  readonly isReused: boolean;
}

export function describeSuccess(attempt: Attempt, roundTripUs: number | undefined): LinkLook {
  const tls = attempt.isTls ? "ok" : "absent";
  return { ...whereOf(attempt), tcp: "ok", tls, http: "ok", error: undefined, roundTripUs };
}

export function describeFailure(attempt: Attempt, error: EtcdscopeError): LinkLook {
  return { ...whereOf(attempt), ...layersOf(attempt, error), error, roundTripUs: undefined };
}

function whereOf({
  address,
  remoteIp,
  lookupMs,
}: Attempt): Pick<LinkLook, "address" | "remoteIp" | "lookupMs"> {
  return { address, remoteIp, ...(lookupMs === undefined ? {} : { lookupMs }) };
}

function layersOf(attempt: Attempt, error: EtcdscopeError): Pick<LinkLook, "tcp" | "tls" | "http"> {
  const unknownTls = attempt.isTls ? "unknown" : "absent";
  if (error.reason === "no_certificate") {
    return { tcp: "unknown", tls: unknownTls, http: "unknown" };
  }
  if (attempt.phase === "tcp" || attempt.phase === "name") {
    return { tcp: "failed", tls: unknownTls, http: "unknown" };
  }
  // In TLS 1.3 the other side refuses our certificate after the handshake has ended for us.
  if (attempt.phase === "tls" || error.code === "TLS_FAILED") {
    return { tcp: "ok", tls: "failed", http: "unknown" };
  }
  // A gRPC or HTTP status came back: what carried it works.
  if (isAnswer(error)) {
    return { tcp: "ok", tls: attempt.isTls ? "ok" : "absent", http: "failed" };
  }
  return attempt.isReused
    ? { tcp: "unknown", tls: unknownTls, http: "failed" }
    : { tcp: "ok", tls: attempt.isTls ? "ok" : "absent", http: "failed" };
}

function isAnswer(error: EtcdscopeError): boolean {
  return ["no_leader", "permission_denied", "unavailable", "protocol"].includes(error.reason ?? "");
}

/** There is no certificate to begin with: nothing was tried. */
export function describeMissingCredential(address: string, error: EtcdscopeError): LinkLook {
  return describeFailure({ address, remoteIp: undefined, isTls: true, phase: "tcp", isReused: false }, error);
}

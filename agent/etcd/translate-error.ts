/** Errors of sockets, TLS, HTTP and gRPC → EtcdscopeErrors, once, by tables whose rows have reasons. */
import { EtcdscopeError } from "../../shared/errors.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { stripOpensslFraming } from "../../shared/openssl-text.ts";
import type { ConnectionPhase } from "./link-look.ts";

/** Every reason that a failure of the door to etcd can carry. */
export type EtcdFailureReason =
  | "refused"
  | "reset"
  | "unreachable"
  | "timeout"
  | "dns"
  | "tls_expired"
  | "tls_not_yet_valid"
  | "tls_unknown_ca"
  | "tls_san_mismatch"
  | "tls_rejected"
  | "tls_failed"
  | "no_leader"
  | "permission_denied"
  | "unavailable"
  | "protocol"
  | "no_certificate"
  | "future_revision"
  | "compacted"
  | "other";

interface Row {
  readonly code: ErrorCode;
  readonly reason: EtcdFailureReason;
  /** Ends the sentence "ADDRESS …". */
  readonly text: string;
}

function row(code: ErrorCode, reason: EtcdFailureReason, text: string): Row {
  return { code, reason, text };
}

const REFUSED = row("UNAVAILABLE", "refused", "refused the connection");
const RESET = row("UNAVAILABLE", "reset", "closed the connection");
const UNREACHABLE = row("UNAVAILABLE", "unreachable", "cannot be reached");
const UNKNOWN_CA = row("TLS_FAILED", "tls_unknown_ca", "shows a certificate of an unknown CA");
const SAN_MISMATCH = row("TLS_FAILED", "tls_san_mismatch", "shows a certificate for other names");
const REJECTED = row("TLS_FAILED", "tls_rejected", "does not accept our certificate");
const TLS_FAILED = row("TLS_FAILED", "tls_failed", "does not complete the TLS handshake");
const PROTOCOL = row("PROTOCOL_ERROR", "protocol", "gave an answer that is not etcd's");

/** By the name that the system, OpenSSL or Node gives. */
const BY_NODE_CODE: Readonly<Record<string, Row>> = {
  ECONNREFUSED: REFUSED,
  ECONNRESET: RESET,
  EPIPE: RESET,
  // The session's socket went away under a request.
  ERR_HTTP2_STREAM_CANCEL: RESET,
  ERR_HTTP2_INVALID_SESSION: RESET,
  ERR_HTTP2_GOAWAY_SESSION: RESET,
  ERR_HTTP2_SOCKET_UNBOUND: RESET,
  ERR_STREAM_PREMATURE_CLOSE: RESET,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  EADDRNOTAVAIL: UNREACHABLE,
  // A firewall that rejects with "administratively prohibited".
  EACCES: UNREACHABLE,
  EPERM: UNREACHABLE,
  ETIMEDOUT: row("TIMED_OUT", "timeout", "did not answer"),
  ENOTFOUND: row("UNAVAILABLE", "dns", "is a name that does not resolve"),
  EAI_AGAIN: row("UNAVAILABLE", "dns", "is a name that cannot be looked up now"),
  EAI_FAIL: row("UNAVAILABLE", "dns", "is a name that cannot be looked up"),
  CERT_HAS_EXPIRED: row("TLS_FAILED", "tls_expired", "shows an expired certificate"),
  CERT_NOT_YET_VALID: row("TLS_FAILED", "tls_not_yet_valid", "shows a certificate that is not valid yet"),
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  // A CA of the same name with another key.
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  CERT_UNTRUSTED: UNKNOWN_CA,
  INVALID_CA: UNKNOWN_CA,
  ERR_TLS_CERT_ALTNAME_INVALID: SAN_MISMATCH,
  HOSTNAME_MISMATCH: SAN_MISMATCH,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: TLS_FAILED,
  ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR: TLS_FAILED,
  // An HTTP/2 session with something that does not speak it.
  ERR_HTTP2_ERROR: PROTOCOL,
  ERR_HTTP2_SESSION_ERROR: PROTOCOL,
  ERR_HTTP2_STREAM_ERROR: PROTOCOL,
};

/** gRPC's numbers of statuses that say more than "other". */
const BY_GRPC_STATUS: Readonly<Record<number, Row>> = {
  4: row("TIMED_OUT", "timeout", "ran out of time"),
  7: row("PERMISSION_DENIED", "permission_denied", "does not permit it"),
  8: row("UNAVAILABLE", "unavailable", "is overloaded"),
  12: row("PROTOCOL_ERROR", "protocol", "does not know the request"),
  14: row("UNAVAILABLE", "unavailable", "cannot serve it"),
  16: row("PERMISSION_DENIED", "permission_denied", "does not permit it"),
};

const NO_LEADER = row("UNAVAILABLE", "no_leader", "knows no leader");
const OTHER = row("UNAVAILABLE", "other", "failed");

/** etcd's own sentences that say more than their gRPC status. */
const BY_GRPC_MESSAGE: readonly (readonly [string, Row])[] = [
  ["etcdserver: no leader", NO_LEADER],
  ["etcdserver: request timed out", row("TIMED_OUT", "timeout", "ran out of time")],
  [
    "required revision is a future revision",
    row("UNAVAILABLE", "future_revision", "has not applied that revision yet"),
  ],
  ["required revision has been compacted", row("UNAVAILABLE", "compacted", "has compacted that revision")],
  ["etcdserver: user name is empty", row("PERMISSION_DENIED", "permission_denied", "wants a user")],
];

/** `where` is the address that was spoken to. */
export function translateSocketError(caught: unknown, where: string): EtcdscopeError {
  if (caught instanceof EtcdscopeError) {
    return caught;
  }
  const name = caught instanceof Error && "code" in caught ? String(caught.code) : "";
  const message = caught instanceof Error ? caught.message : String(caught);
  return describe(rowOfSocketError(name, message), caught, { where, message });
}

const AWAITED: Readonly<Record<Exclude<ConnectionPhase, "name">, string>> = {
  tcp: "TCP connect",
  tls: "TLS handshake",
  open: "request",
};

/** Nothing came, for so long, when a connection was as far as `phase`. */
export function describeSilence(where: string, phase: ConnectionPhase, spentMs: number): EtcdscopeError {
  return phase === "name"
    ? new EtcdscopeError("TIMED_OUT", `The name in ${where} was not looked up in ${spentMs} ms`, {
        reason: "dns",
      })
    : new EtcdscopeError("TIMED_OUT", `${where} did not answer the ${AWAITED[phase]} in ${spentMs} ms`, {
        reason: "timeout",
      });
}

function rowOfSocketError(name: string, message: string): Row {
  const known = BY_NODE_CODE[name];
  if (known !== undefined) {
    return known;
  }
  // Every alert that the other side sends about a certificate means that it did not take ours.
  if (name.includes("_ALERT_") || / alert /i.test(message)) {
    return REJECTED;
  }
  if (name.startsWith("ERR_SSL_") || name === "EPROTO") {
    return TLS_FAILED;
  }
  return name.startsWith("HPE_") ? PROTOCOL : OTHER;
}

/** A gRPC answer other than OK. */
export function translateGrpcStatus(status: number, message: string, where: string): EtcdscopeError {
  const told = BY_GRPC_MESSAGE.find(([text]) => message.includes(text))?.[1];
  return describe(told ?? BY_GRPC_STATUS[status] ?? OTHER, undefined, {
    where,
    message: message === "" ? `gRPC status ${status}` : message,
  });
}

/** An HTTP answer other than 200. */
export function translateHttpStatus(status: number, where: string): EtcdscopeError {
  const isRefusal = status === 401 || status === 403;
  const found = isRefusal ? row("PERMISSION_DENIED", "permission_denied", "does not permit it") : PROTOCOL;
  return describe(found, undefined, { where, message: `HTTP status ${status}` });
}

function describe(
  found: Row,
  cause: unknown,
  about: { readonly where: string; readonly message: string },
): EtcdscopeError {
  const message = `${about.where} ${found.text}: ${stripOpensslFraming(about.message).trim()}`;
  return new EtcdscopeError(found.code, message, { cause, reason: found.reason });
}

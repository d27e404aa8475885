import { describe, expect, it } from "vitest";
import {
  translateGrpcStatus,
  translateHttpStatus,
  translateSocketError,
} from "../../../agent/etcd/translate-error.ts";
import { EtcdscopeError } from "../../../shared/errors.ts";

function nodeError(code: string, message = "as the system says"): Error {
  return Object.assign(new Error(message), { code });
}

describe("agent/etcd/translate-error", () => {
  it.each([
    ["ECONNREFUSED", "UNAVAILABLE", "refused"],
    ["ECONNRESET", "UNAVAILABLE", "reset"],
    ["EHOSTUNREACH", "UNAVAILABLE", "unreachable"],
    ["ETIMEDOUT", "TIMED_OUT", "timeout"],
    ["ENOTFOUND", "UNAVAILABLE", "dns"],
    ["EAI_AGAIN", "UNAVAILABLE", "dns"],
    ["CERT_HAS_EXPIRED", "TLS_FAILED", "tls_expired"],
    ["CERT_NOT_YET_VALID", "TLS_FAILED", "tls_not_yet_valid"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TLS_FAILED", "tls_unknown_ca"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "TLS_FAILED", "tls_unknown_ca"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "TLS_FAILED", "tls_san_mismatch"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLS_FAILED", "tls_rejected"],
    ["ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", "TLS_FAILED", "tls_rejected"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "TLS_FAILED", "tls_rejected"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "TLS_FAILED", "tls_failed"],
    ["ERR_SSL_PACKET_LENGTH_TOO_LONG", "TLS_FAILED", "tls_failed"],
    ["EPROTO", "TLS_FAILED", "tls_failed"],
    ["HPE_INVALID_CONSTANT", "PROTOCOL_ERROR", "protocol"],
    ["ERR_HTTP2_STREAM_CANCEL", "UNAVAILABLE", "reset"],
    ["ESOMETHING", "UNAVAILABLE", "other"],
  ])("makes %s into %s with reason %s", (nodeCode, code, reason) => {
    const cause = nodeError(nodeCode);
    const error = translateSocketError(cause, "10.0.0.2:2379");
    expect(error).toMatchObject({ code, reason, cause });
    expect(error.message).toMatch(/^10\.0\.0\.2:2379 .*as the system says$/);
  });

  it("takes an alert in an error without a code of its own as a refusal of our certificate", () => {
    const message =
      "C0:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:SSL alert number 42";
    expect(translateSocketError(nodeError("EPROTO", message), "x").reason).toBe("tls_rejected");
  });

  it("leaves an error that is ours as it is", () => {
    const error = new EtcdscopeError("TIMED_OUT", "No answer", { reason: "timeout" });
    expect(translateSocketError(error, "x")).toBe(error);
  });

  it.each([
    [14, "etcdserver: no leader", "UNAVAILABLE", "no_leader"],
    [14, "etcdserver: request timed out", "TIMED_OUT", "timeout"],
    [14, "etcdserver: leader changed", "UNAVAILABLE", "unavailable"],
    [3, "etcdserver: user name is empty", "PERMISSION_DENIED", "permission_denied"],
    [7, "etcdserver: permission denied", "PERMISSION_DENIED", "permission_denied"],
    [8, "etcdserver: too many requests", "UNAVAILABLE", "unavailable"],
    [12, "", "PROTOCOL_ERROR", "protocol"],
    [2, "", "UNAVAILABLE", "other"],
  ])("makes gRPC status %i with '%s' into %s, %s", (status, message, code, reason) => {
    expect(translateGrpcStatus(status, message, "m1")).toMatchObject({ code, reason });
  });

  it.each([
    [403, "permission_denied"],
    [404, "protocol"],
    [503, "protocol"],
  ])("makes HTTP status %i into reason %s", (status, reason) => {
    expect(translateHttpStatus(status, "m1").reason).toBe(reason);
  });
});

/** TLS between members and with clients. The same words stand in `rejected connection`, the prober's and the stream's lines. */
import { ANYONE } from "../signature.ts";
import type { Signature } from "../signature.ts";

export const CERTIFICATE_SIGNATURES: readonly Signature[] = [
  {
    code: "CERT_NOT_YET_VALID",
    severity: "critical",
    match: /certificate has expired or is not yet valid: current time \S+ is before/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on peer endpoint","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T15:58:23Z is before 2036-01-01T00:00:00Z"}',
    source: "3.5.16, captured: peer-cert-not-yet",
  },
  {
    code: "CERT_EXPIRED",
    severity: "critical",
    match: /certificate has expired|tls: expired certificate/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on peer endpoint","error":"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T15:58:06Z is after 2026-01-01T00:00:00Z"}',
    source: "3.5.16, captured: peer-cert-expired",
  },
  {
    code: "CERT_UNTRUSTED",
    severity: "critical",
    match: /certificate signed by unknown authority|unknown certificate authority|tls: unknown certificate$/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on peer endpoint","error":"tls: failed to verify certificate: x509: certificate signed by unknown authority"}',
    source: "3.5.16, captured: peer-wrong-ca",
  },
  {
    code: "CERT_SAN_MISMATCH",
    severity: "critical",
    match:
      /does not match any of DNSNames|certificate is valid for .*, not|doesn't contain any IP SANs|not valid for any names|does not contain any (?:IP|DNS)|cannot validate certificate for/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:161","msg":"rejected connection on peer endpoint","ip-addresses":["10.1.2.3"],"dns-names":["elsewhere"],"error":"tls: \\"10.99.0.12\\" does not match any of DNSNames [\\"elsewhere\\"]"}',
    source: "3.5.16, captured: peer-san",
  },
  {
    code: "CERT_KEY_USAGE",
    severity: "critical",
    match: /certificate specifies an incompatible key usage/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on client endpoint","error":"tls: failed to verify certificate: x509: certificate specifies an incompatible key usage"}',
    source: "3.4 to 3.6, Go crypto/x509",
  },
  {
    code: "CLIENT_CERT_MISSING",
    severity: "warning",
    match: /client didn't provide a certificate|tls: certificate required/,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on client endpoint","error":"tls: client didn\'t provide a certificate"}',
    source: "3.5.16, captured: port-probe",
  },
  {
    code: "TLS_PLAINTEXT",
    severity: "warning",
    match:
      /first record does not look like a TLS handshake|server gave HTTP response to HTTPS client|client sent an HTTP request to an HTTPS server|tls: oversized record|unsupported SSLv2 handshake/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on client endpoint","error":"tls: first record does not look like a TLS handshake"}',
    source: "3.5.16, captured: port-probe",
  },
  {
    code: "TLS_HANDSHAKE_TIMEOUT",
    severity: "warning",
    match: /TLS handshake timeout|tls: handshake timeout|handshake.*i\/o timeout/i,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"rafthttp/probing_status.go:68","msg":"prober detected unhealthy status","error":"net/http: TLS handshake timeout"}',
    source: "3.4 to 3.6, Go net/http",
  },
  {
    code: "TLS_PROTOCOL_MISMATCH",
    severity: "warning",
    match:
      /no cipher suite supported by both|protocol version not supported|client offered only unsupported versions|no mutual cipher|tls: handshake failure/,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on client endpoint","error":"tls: client offered only unsupported versions: [301]"}',
    source: "3.4 to 3.6, Go crypto/tls",
  },
  {
    code: "CERT_REJECTED",
    severity: "warning",
    match:
      /remote error: tls: (?:bad|revoked|unsupported) certificate|remote error: tls: access denied|authentication handshake failed/,
    origins: ANYONE,
    example:
      '{"level":"warn","caller":"embed/config_logging.go:170","msg":"rejected connection on peer endpoint","error":"remote error: tls: bad certificate"}',
    source: "3.5.16, captured: peer-cert-expired",
  },
];

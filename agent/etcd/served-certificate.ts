/** The certificate that the other side of a TLS connection showed when it was made. It costs no handshake of its own. */
import type { TLSSocket } from "node:tls";

export interface ServedCertificate {
  /** host:port */
  readonly address: string;
  /** In the certificate's order, joined by ", ". */
  readonly subject: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** Lower-case hex of the SHA-256. */
  readonly fingerprintSha256: string;
  readonly notAfterMs: number;
  readonly servedAtMs: number;
}

export function readServedCertificate(
  socket: TLSSocket,
  about: { readonly address: string; readonly nowMs: number },
): ServedCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  return (
    certificate && {
      address: about.address,
      subject: certificate.subject.split("\n").filter(Boolean).join(", "),
      serial: certificate.serialNumber.toLowerCase(),
      fingerprintSha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      notAfterMs: Date.parse(certificate.validTo),
      servedAtMs: about.nowMs,
    }
  );
}

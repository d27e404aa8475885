/** PEM text → certificates, in the words of the wire. With Node's own parser: the agent is to stay small. */
import { X509Certificate } from "node:crypto";

import { EtcdscopeError } from "../../shared/errors.ts";

export interface ParsedCertificate {
  /** "CN=m1, O=etcd": the parts in the certificate's order. */
  readonly subject: string;
  readonly issuer: string;
  /** "DNS:…", "IP:…" */
  readonly sans: string[];
  readonly notBeforeUnixMs: bigint;
  readonly notAfterUnixMs: bigint;
  /** Lower-case hex. */
  readonly serial: string;
  /** Lower-case hex of the SHA-256. */
  readonly fingerprintSha256: string;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** More than any chain or bundle that etcd is given. */
const MAX_CERTIFICATES = 200;

/** In the file's order; a private key in the same file is passed over. Throws when there is none, or one is damaged. */
export function parseCertificates(pem: string): readonly ParsedCertificate[] {
  const blocks = pem.match(PEM)?.slice(0, MAX_CERTIFICATES) ?? [];
  if (blocks.length === 0) {
    throw new EtcdscopeError("ARGUMENT_INVALID", "The file should hold a PEM certificate and holds none", {
      reason: "not_a_certificate",
    });
  }
  return blocks.map(parseCertificate);
}

/**
 * The certificate of a file: the first one, as TLS servers send it; of authorities, the one that issued what is in use,
 * since a bundle may hold an old one that nothing depends on.
 */
export function chooseCertificate(
  certificates: readonly ParsedCertificate[],
  issuer: string | undefined,
): ParsedCertificate | undefined {
  return certificates.find(({ subject }) => subject === issuer) ?? certificates[0];
}

function parseCertificate(pem: string): ParsedCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw damaged(cause);
  }
  // Of what is no date, validFromDate and validToDate give what happens to be in memory; the text says "Bad time value".
  const notBeforeMs = Date.parse(certificate.validFrom);
  const notAfterMs = Date.parse(certificate.validTo);
  if (Number.isNaN(notBeforeMs) || Number.isNaN(notAfterMs)) {
    throw damaged("its dates are none");
  }
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    sans: splitNames(certificate.subjectAltName ?? ""),
    notBeforeUnixMs: BigInt(notBeforeMs),
    notAfterUnixMs: BigInt(notAfterMs),
    serial: certificate.serialNumber.toLowerCase(),
    fingerprintSha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

function damaged(cause: unknown): EtcdscopeError {
  return new EtcdscopeError("ARGUMENT_INVALID", "The certificate in the file is damaged", {
    cause,
    reason: "certificate_damaged",
  });
}

/** Node gives one part a line, and nothing at all for an empty name. */
function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}

/** Names with characters that need it are quoted by Node as JSON. */
function splitNames(names: string): string[] {
  return (names.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((name) =>
    name
      .trim()
      .replace(/^IP Address:/, "IP:")
      .replace(/:"(.*)"$/, ":$1"),
  );
}

/**
 * How a node gets its certificate and renews it: one JSON line up, one JSON line down, on the agents' port under an
 * application protocol (ALPN) of its own. The private key stays on the node: what travels is its public half and a
 * signature that proves the other.
 */
import { createHash, X509Certificate } from "node:crypto";
import { EtcdscopeError } from "./errors.ts";

export const ENROLMENT_PROTOCOL = "etcdscope-enrol/1";
/** A line holds two certificates at the most. */
export const MAX_LINE_BYTES = 32 * 1024;

/** What a node asks. */
export type EnrolmentRequest =
  | { readonly want: "authority" }
  | {
      readonly want: "certificate";
      readonly token: string;
      readonly publicKey: string;
      readonly proof: string;
    }
  /** Identity comes from the certificate that the connection was made with. */
  | { readonly want: "renewal"; readonly publicKey: string; readonly proof: string };

export type EnrolmentAnswer =
  | { readonly kind: "authority"; readonly ca: string }
  | { readonly kind: "certificate"; readonly certificate: string; readonly ca: string }
  | { readonly kind: "refused"; readonly because: string };

/** What is signed: bound to the purpose, the token and the key. */
export function proofText(request: { readonly token?: string; readonly publicKey: string }): string {
  return `${ENROLMENT_PROTOCOL}\n${request.token ?? "renewal"}\n${request.publicKey}`;
}

/** SHA-256 of the certificate itself (not of its PEM text), in hex. */
export function certificateHash(pem: string): string {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
}

/** Throws PROTOCOL_ERROR unless the line is a request. */
export function parseEnrolmentRequest(line: string): EnrolmentRequest {
  const said = parseObject(line);
  const { want, token, publicKey, proof } = said;
  if (want === "authority") {
    return { want };
  }
  if (typeof publicKey === "string" && typeof proof === "string") {
    if (want === "renewal") {
      return { want, publicKey, proof };
    }
    if (want === "certificate" && typeof token === "string") {
      return { want, token, publicKey, proof };
    }
  }
  throw new EtcdscopeError(
    "PROTOCOL_ERROR",
    "Expected a request for an authority, a certificate or a renewal",
  );
}

/** Throws PROTOCOL_ERROR unless the line is an answer. */
export function parseEnrolmentAnswer(line: string): EnrolmentAnswer {
  const { kind, ca, certificate, because } = parseObject(line);
  if (kind === "authority" && typeof ca === "string") {
    return { kind, ca };
  }
  if (kind === "certificate" && typeof ca === "string" && typeof certificate === "string") {
    return { kind, ca, certificate };
  }
  if (kind === "refused" && typeof because === "string") {
    return { kind, because };
  }
  throw new EtcdscopeError("PROTOCOL_ERROR", "Expected an answer to an enrolment, got something else");
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null) {
      return parsed as Readonly<Record<string, unknown>>;
    }
  } catch (error) {
    throw new EtcdscopeError("PROTOCOL_ERROR", "Expected a line of JSON", { cause: error });
  }
  throw new EtcdscopeError("PROTOCOL_ERROR", "Expected a JSON object");
}

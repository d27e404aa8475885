/**
 * Whether a certificate fits its key and the file of authorities beside it: what etcd finds out at its next start or handshake.
 * Pure: texts in, words of the wire out. The key's text goes no further than this.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";

import { EtcdscopeError } from "../../shared/errors.ts";

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
/** Longer than any chain in use. */
const MAX_DEPTH = 8;
/** More than any bundle that etcd is given. */
const MAX_CERTIFICATES = 200;

/** Throws ARGUMENT_INVALID when the text holds no key that can be used without a passphrase. */
export function isKeyOf(certificatePem: string, keyPem: string): boolean {
  const [leaf] = parseAll(certificatePem);
  let key;
  try {
    key = createPrivateKey(keyPem);
  } catch (cause) {
    throw new EtcdscopeError(
      "ARGUMENT_INVALID",
      "The key's file should hold a private key without a passphrase",
      { cause, reason: "not_a_key" },
    );
  }
  return leaf?.checkPrivateKey(key) ?? false;
}

/**
 * Empty when the first certificate of the file leads, over the others in it, to one of the authorities; else why not. Dates
 * are not looked at: they have findings of their own.
 */
export function findChainProblem(certificatePem: string, authoritiesPem: string): string {
  const [leaf, ...between] = parseAll(certificatePem);
  const authorities = parseAll(authoritiesPem);
  if (leaf === undefined || authorities.length === 0) {
    return "One of the files holds no certificate";
  }
  let at = leaf;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const below = at;
    if (authorities.some((authority) => isIssuer(authority, below) || isSame(authority, below))) {
      return "";
    }
    const next = between.find((one) => !isSame(one, below) && isIssuer(one, below));
    if (next === undefined) {
      return authorities.some(({ subject }) => subject === below.issuer)
        ? `The authority ${oneLine(below.issuer)} has the right name, but another key than the one that signed`
        : `No authority in the file is the issuer, ${oneLine(below.issuer)}`;
    }
    at = next;
  }
  return `The chain is longer than ${MAX_DEPTH} certificates`;
}

function isIssuer(issuer: X509Certificate, below: X509Certificate): boolean {
  return below.checkIssued(issuer) && below.verify(issuer.publicKey);
}

function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

/** Blocks that cannot be read are left out: the file itself is told of elsewhere. */
function parseAll(pem: string): readonly X509Certificate[] {
  return (pem.match(PEM)?.slice(0, MAX_CERTIFICATES) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function oneLine(name: string): string {
  return name.split("\n").join(", ");
}

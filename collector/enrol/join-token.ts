/**
 * A join token: whom it is for, until when, which authority the node shall trust, and a seal that only the holder of the
 * join key can make. It is one-time; used-tokens.ts remembers. Pure.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { EtcdscopeError } from "../../shared/errors.ts";

export interface JoinClaim {
  readonly cluster: string;
  readonly node: string;
  readonly expiresAtMs: number;
  /** Random; names the token among those used. */
  readonly id: string;
  /** SHA-256 of the authority's certificate, hex: the node's pin. */
  readonly authorityHash: string;
}

const PREFIX = "etcdscope-join-1";

export function createJoinToken(claim: JoinClaim, joinKey: string): string {
  const body = Buffer.from(JSON.stringify(claim)).toString("base64url");
  return `${PREFIX}.${body}.${seal(body, joinKey).toString("base64url")}`;
}

/** What a token says of itself, not yet believed: the node needs the pin before it can ask anybody. */
export function readJoinClaim(token: string): JoinClaim {
  const [prefix, body = ""] = token.split(".");
  const claim = prefix === PREFIX ? parseClaim(body) : undefined;
  if (claim === undefined) {
    throw new EtcdscopeError("ARGUMENT_INVALID", 'Expected a token made by "etcdscope pki token"');
  }
  return claim;
}

/** The claim of a token that is ours and in time. Throws PERMISSION_DENIED. */
export function verifyJoinToken(token: string, joinKey: string, nowMs: number): JoinClaim {
  const [prefix, body = "", mark = ""] = token.split(".");
  const expected = seal(body, joinKey);
  const given = Buffer.from(mark, "base64url");
  const isOurs = prefix === PREFIX && given.length === expected.length && timingSafeEqual(given, expected);
  const claim = isOurs ? parseClaim(body) : undefined;
  if (claim === undefined) {
    throw new EtcdscopeError("PERMISSION_DENIED", "The token is not one of this collector's");
  }
  if (nowMs >= claim.expiresAtMs) {
    throw new EtcdscopeError("PERMISSION_DENIED", "The token has expired");
  }
  return claim;
}

function seal(body: string, joinKey: string): Buffer {
  return createHmac("sha256", joinKey).update(`${PREFIX}.${body}`).digest();
}

function parseClaim(body: string): JoinClaim | undefined {
  try {
    const claim = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Partial<JoinClaim>;
    const { cluster, node, id, authorityHash, expiresAtMs } = claim;
    const areTexts = [cluster, node, id, authorityHash].every(
      (text) => typeof text === "string" && text !== "",
    );
    return areTexts && typeof expiresAtMs === "number" ? (claim as JoinClaim) : undefined;
  } catch {
    // Not JSON: no token of ours.
    return undefined;
  }
}

/** Who may ask: bearer tokens known only by their SHA-256, compared in constant time. */
import { createHash, timingSafeEqual } from "node:crypto";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { TokenConfig } from "../config.ts";

export type Role = TokenConfig["role"];

const RANK: Readonly<Record<Role, number>> = { viewer: 1, admin: 2 };

/** Longer ones are no token of ours; bounds the hashing that a stranger can ask for. */
const MAX_TOKEN_LENGTH = 1024;

/**
 * The name of the token that was shown; undefined where none is needed. Throws UNAUTHENTICATED or PERMISSION_DENIED unless the
 * header carries a token of that role or a greater one.
 */
export function assertAllowed(
  tokens: readonly TokenConfig[],
  authorization: string | undefined,
  needed: Role,
): string | undefined {
  if (tokens.length === 0) {
    // The configuration allows no tokens only on loopback.
    return undefined;
  }
  const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) {
    throw new EtcdscopeError("UNAUTHENTICATED", "Expected the header Authorization: Bearer TOKEN");
  }
  const digest = createHash("sha256").update(token).digest();
  let held: TokenConfig | undefined;
  // Every token is compared, so that the time taken tells nothing.
  for (const candidate of tokens) {
    if (timingSafeEqual(digest, Buffer.from(candidate.sha256, "hex"))) {
      held = candidate;
    }
  }
  if (held === undefined) {
    throw new EtcdscopeError("UNAUTHENTICATED", "The token is not known to this collector");
  }
  if (RANK[held.role] < RANK[needed]) {
    throw new EtcdscopeError(
      "PERMISSION_DENIED",
      `The token "${held.name}" has the role ${held.role}; this needs ${needed}`,
    );
  }
  return held.name;
}

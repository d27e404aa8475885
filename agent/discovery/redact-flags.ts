/** Takes secrets out of flags before they leave this room, by name and by form: the one place that decides what one is. */
import type { GivenFlags } from "./parse-given-flags.ts";

export const REDACTED = "[redacted]";

/** Names that say that the value is a secret. Paths (…-file) are not. The discovery URL holds the token of a cluster. */
const SECRET_NAME = /password|passwd|secret|credential|token|private|key-material|^discovery$/i;
/** Named like a secret, but only names a cluster. */
const NOT_SECRET = new Set(["initial-cluster-token", "auth-token-ttl"]);

export function redactFlags(flags: GivenFlags): GivenFlags {
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, redactFlag(name, value)]));
}

function redactFlag(name: string, value: string): string {
  if (SECRET_NAME.test(name) && !NOT_SECRET.has(name) && !name.endsWith("-file")) {
    // "simple" is the kind of token in use and no secret; "jwt,priv-key=…" is cut to its kind.
    return name === "auth-token" ? (value.split(",", 1)[0] ?? "") : REDACTED;
  }
  return value.replaceAll(/([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/@,\s]+@/g, `$1${REDACTED}@`);
}

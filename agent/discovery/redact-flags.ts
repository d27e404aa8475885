/** Takes secrets out of flags before they leave this room, by name and by form: the one place that decides what one is. */
import type { GivenFlags } from "./parse-given-flags.ts";

export const REDACTED = "[redacted]";

/** Names that say that the value is a secret. Paths (…-file) are not. The discovery URL holds the token of a cluster. */
const SECRET_NAME = /password|passwd|secret|credential|token|private|key-material|^discovery(-user)?$/i;
/** Of a variable that nobody here knows only this is taken: what cannot be a secret. */
const PLAIN_VALUE = /^(?:true|false|\d{1,7}(?:\.\d{1,3})?(?:ns|us|ms|s|m|h)?)$/i;
/** Named like a secret, but only names a cluster. */
const NOT_SECRET = new Set(["initial-cluster-token", "auth-token-ttl"]);

export function redactFlags(flags: GivenFlags): GivenFlags {
  return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, redactFlag(name, value)]));
}

/** The value of something that may be a flag of a version to come, and may be a password: a number, a time, a yes or no. */
export function redactUnknown(value: string): string {
  return PLAIN_VALUE.test(value) ? value : REDACTED;
}

function redactFlag(name: string, value: string): string {
  if (SECRET_NAME.test(name) && !NOT_SECRET.has(name) && !name.endsWith("-file")) {
    // "simple" is the kind of token in use and no secret; "jwt,priv-key=…" is cut to its kind.
    return name === "auth-token" ? (value.split(",", 1)[0] ?? "") : REDACTED;
  }
  return value.replaceAll(/([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/@,\s]+@/g, `$1${REDACTED}@`);
}

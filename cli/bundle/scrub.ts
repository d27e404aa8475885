/** What a bundle may not carry: secrets by their form, and those that this command was given, whatever they look like. Pure. */
import { REDACTED, redactSecrets } from "../../shared/log/redact-excerpt.ts";

/** Words this short are found in any text; no secret that is worth its name is. */
const MIN_SECRET_LENGTH = 8;

/** What follows the host of such a URL is often a secret: a chat's webhook is nothing else. */
const WEBHOOK = /(https?:\/\/[^\s/"']*(?:hooks?|webhook)[^\s/"']*\/)[^\s"',}]+/gi;

export type Scrub = <T>(document: T) => T;

/** Takes `secrets`, and what looks like one, out of every string of a document. */
export function createScrub(secrets: readonly string[]): Scrub {
  const known = secrets.map((one) => one.trim()).filter((one) => one.length >= MIN_SECRET_LENGTH);

  function scrubText(text: string): string {
    const plain = known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
    return redactSecrets(plain).replaceAll(WEBHOOK, `$1${REDACTED}`);
  }

  function scrub(document: unknown): unknown {
    if (typeof document === "string") {
      return scrubText(document);
    }
    if (typeof document !== "object" || document === null) {
      return document;
    }
    return Array.isArray(document)
      ? document.map(scrub)
      : Object.fromEntries(Object.entries(document).map(([name, value]) => [scrubText(name), scrub(value)]));
  }

  return (document) => scrub(document) as typeof document;
}

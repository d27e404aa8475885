/** A line as it may be shown or sent: bounded, and without what etcd holds: keys, values and credentials do not leave the node. */
import { decodeLine } from "./split-lines.ts";

export const REDACTED = "[redacted]";

/** Enough for what was said and why; the rest of a line is a stack trace. */
export const MAX_EXCERPT_CHARACTERS = 500;

/** Fields that hold a request's keys, and with 3.4 its values. */
const JSON_FIELDS =
  /"(request|request content|response|range begin|range end|range_begin|range_end|key|keys|value|prefix-key|user|username|password|token|auth-token)":"(?:[^"\\]|\\.)*"?/g;
/** The same in capnslog's sentences. */
const QUOTED =
  /\b((?:request|key|range_end|value|username|password|token)[ :=]+)(\\?)"(?:[^"\\]|\\[^"]|\\"(?! with ))*\\?"/g;
/** In the details of trace[…] lines: "{range_begin:/a; range_end:/b; response_count:1; }"; no file's name: "open server.key: …" says why. */
const TRACED = /(?<![.\w])(key|range_begin|range_end|lease_key|prefix)(:)(?! ?\\?")[^;}"]+/g;
const CREDENTIALS = /([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/@,\s"]+@/g;
const ASSIGNED =
  /\b(password|passwd|token|secret|authorization)(["']?\s*[:=]\s*["']?)(?:Bearer\s+)?[^\s"',}&]+/gi;
const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
// Never looked at further: patterns take time, and a line may be 32 KiB.
const MAX_LOOKED_AT = 4000;

/** `line` as createLineSplitter gives it. */
export function redactExcerpt(line: string): string {
  const text = redactSecrets(
    decodeLine(line.slice(0, MAX_LOOKED_AT)).replaceAll(/,?"stacktrace":"(?:[^"\\]|\\.)*"?/g, ""),
  )
    // A log may hold anything; a terminal must not act on it.
    .replaceAll(/\p{Cc}+/gu, " ")
    .trim();
  return text.length > MAX_EXCERPT_CHARACTERS ? `${text.slice(0, MAX_EXCERPT_CHARACTERS - 1)}…` : text;
}

/** Any text without what looks like a secret; the same text when there is none, and when it is done again. */
export function redactSecrets(text: string): string {
  return text
    .replaceAll(JSON_FIELDS, `"$1":"${REDACTED}"`)
    .replaceAll(QUOTED, `$1"${REDACTED}"`)
    .replaceAll(TRACED, `$1$2${REDACTED}`)
    .replaceAll(CREDENTIALS, `$1${REDACTED}@`)
    .replaceAll(ASSIGNED, `$1$2${REDACTED}`)
    .replaceAll(PEM, REDACTED);
}

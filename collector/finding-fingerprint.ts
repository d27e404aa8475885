/** What makes a finding another one to a reader: the numbers in its texts and evidence move at each look. */
import type { Finding } from "../shared/rest.ts";

export function fingerprintFinding(finding: Finding): string {
  const { status, severity, since, rootCause, causedBy, explains, confidence, ruledOut } = finding;
  return JSON.stringify([
    status,
    severity,
    since,
    rootCause,
    causedBy,
    explains,
    confidence,
    ruledOut.map(({ code }) => code),
  ]);
}

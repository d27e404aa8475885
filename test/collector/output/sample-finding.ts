/** A finding as an example, with what a test says differently. */
import type { Finding } from "../../../shared/rest.ts";

export const AT = "2026-11-24T03:00:00.000Z";

export function sampleFinding(changed: Partial<Finding> = {}): Finding {
  return {
    id: "00000000000000a1",
    code: "DISK_FULL",
    layer: "storage",
    severity: "critical",
    subject: { kind: "member", name: "m3" },
    status: "active",
    since: AT,
    lastSeen: AT,
    until: null,
    rootCause: true,
    causedBy: [],
    explains: [],
    confidence: "certain",
    title: { en: 'disk "full"', zh: "磁盘已满" },
    detail: { en: "0 B of 20 GiB free", zh: "剩余 0 B" },
    respondWithin: "30m",
    runbook: "disk-full",
    evidence: [],
    ruledOut: [],
    ...changed,
  };
}

/**
 * Tells a restart from a fault while it goes on: one member at a time away, for two minutes at most, with a majority
 * serving all the while, and nothing found that explains it but the restart itself.
 */
import type { IncidentFinding, ImpactRecord } from "../../shared/incident-record.ts";
import { isRootCause } from "../../shared/incident-record.ts";

/** What DIAGNOSIS.md allows a member that is restarted, upgraded or drained. */
const BACK_WITHIN_MS = 120_000;
/** A leader that is restarted costs one election; etcd's largest usual election timeout, and some. */
const NO_WRITES_FOR_MS = 15_000;

/** What a restart looks like from outside. */
const RESTART_CODES: ReadonlySet<string> = new Set([
  "MEMBER_DOWN",
  "MEMBER_HUNG",
  "NODE_UNREACHABLE",
  "AGENT_SILENT",
  "PEER_LINK_DOWN",
  "PARTITION",
  "QUORUM_AT_RISK",
  "NO_LEADER",
  "LEADER_DISAGREEMENT",
  "LEADER_FLAPPING",
  "RAFT_LAG",
]);

/** No maintenance brings these about, whatever explains them. */
const NEVER: ReadonlySet<string> = new Set(["QUORUM_LOST", "DATA_CORRUPT", "QUOTA_EXCEEDED", "CRASH_LOOP"]);

export function isMaintenance(
  findings: readonly IncidentFinding[],
  impact: ImpactRecord,
  nowMs: number,
): boolean {
  const causes = findings.filter(isRootCause);
  const away = Object.values(impact.away);
  return (
    away.some((spans) => spans.length > 0) &&
    causes.every(({ code }) => RESTART_CODES.has(code)) &&
    findings.every(({ code }) => !NEVER.has(code)) &&
    away.flat().every(({ fromMs, toMs }) => (toMs ?? nowMs) - fromMs <= BACK_WITHIN_MS) &&
    impact.noWrites.every(({ fromMs, toMs }) => (toMs ?? nowMs) - fromMs <= NO_WRITES_FOR_MS) &&
    impact.unseen.length === 0 &&
    isOneAtATime(impact, nowMs)
  );
}

/** Whether no two members were away at once. */
function isOneAtATime({ away }: ImpactRecord, nowMs: number): boolean {
  const spans = Object.entries(away).flatMap(([member, list]) =>
    list.map(({ fromMs, toMs }) => ({ member, fromMs, toMs: toMs ?? nowMs })),
  );
  return spans.every((one) =>
    spans.every(
      (other) => one.member === other.member || one.toMs <= other.fromMs || other.toMs <= one.fromMs,
    ),
  );
}

/** What an incident meant for those who use the cluster, added up look by look: no writes, no leader, who was away. */
import type { MemberState, Verdict } from "../../shared/rest.ts";
import type { ImpactRecord, IncidentRecord, Span } from "../../shared/incident-record.ts";
import { addSpan, extendSpans } from "./spans.ts";

export interface ImpactLook {
  readonly nowMs: number;
  readonly verdict: Verdict;
  readonly hasLeader: boolean;
  /** Since when the leader is the one it is, as the members saw it. */
  readonly leaderSinceMs: number | undefined;
  /** Since when no leader is known, where none is. */
  readonly leaderlessSinceMs: number | undefined;
  readonly members: readonly {
    readonly name: string;
    readonly state: MemberState;
    readonly sinceMs: number | undefined;
    /** When its process was started last, where that was seen. */
    readonly startedAtMs: number | undefined;
  }[];
}

export const NO_IMPACT: ImpactRecord = { noWrites: [], leaderless: [], away: {}, unseen: [] };

/** Looks are a second apart; a longer pause is time of which nothing is known. */
const GAP_MS = 15_000;
/** A voter that answers without a leader is not away, it waits. */
const AWAY: ReadonlySet<MemberState> = new Set(["down", "hung", "unreachable", "removed"]);

/** `isOver`: nothing is active any more, so every stretch ends with this look. */
export function extendImpact(incident: IncidentRecord, look: ImpactLook, isOver: boolean): ImpactRecord {
  const { nowMs, verdict } = look;
  const gap = findGap(incident, nowMs);
  const unseen = gap === undefined ? incident.impact.unseen : addSpan(incident.impact.unseen, gap);
  if (verdict === "unknown") {
    // Too little is heard to end or begin anything; only that is noted.
    return { ...incident.impact, unseen: extendSpans(unseen, !isOver, { nowMs }) };
  }
  // The outage began when the leader was lost, not when the verdict fell; but not in an earlier incident.
  const sinceMs = Math.max(look.leaderlessSinceMs ?? nowMs, incident.openedMs - GAP_MS);
  // And it was over when the members had one, not when this was looked at.
  const untilMs = look.leaderSinceMs;
  const isLeaderless = !look.hasLeader && !isOver;
  const isShut = isLeaderless || (!isOver && (verdict === "quorum-lost" || verdict === "no-leader"));
  return {
    noWrites: extendSpans(incident.impact.noWrites, isShut, { nowMs, sinceMs, untilMs }),
    leaderless: extendSpans(incident.impact.leaderless, isLeaderless, { nowMs, sinceMs, untilMs }),
    away: extendAway(incident, look, { isOver, unseen }),
    unseen: extendSpans(unseen, false, { nowMs }),
  };
}

function extendAway(
  incident: IncidentRecord,
  look: ImpactLook,
  { isOver, unseen }: { readonly isOver: boolean; readonly unseen: readonly Span[] },
): ImpactRecord["away"] {
  // without a prototype: a member may be called "constructor"
  const away = Object.assign(Object.create(null) as Record<string, readonly Span[]>, incident.impact.away);
  for (const { name, state, sinceMs, startedAtMs } of look.members) {
    // A member that starts is not back before it serves; one that cannot be seen stays what it was.
    const fromMs = away[name]?.at(-1)?.fromMs ?? 0;
    const wasUnseen = unseen.some(({ toMs }) => (toMs ?? look.nowMs) > fromMs);
    const wasAway = away[name]?.at(-1)?.toMs === null;
    const isAway = !isOver && (AWAY.has(state) || (wasAway && state !== "serving"));
    const spans = extendSpans(away[name] ?? [], isAway, {
      nowMs: look.nowMs,
      sinceMs: Math.max(sinceMs ?? look.nowMs, incident.openedMs - GAP_MS),
      // It came back while nobody looked: with its process, and not when somebody looked again.
      untilMs: wasUnseen && (startedAtMs ?? 0) > fromMs ? startedAtMs : undefined,
    });
    if (spans.length > 0) {
      away[name] = spans;
    }
  }
  return away;
}

function findGap(incident: IncidentRecord, nowMs: number): Span | undefined {
  return nowMs - incident.lookedMs > GAP_MS ? { fromMs: incident.lookedMs, toMs: nowMs } : undefined;
}

/**
 * Findings over time: what the rules say at each look → findings with hold, quiet and a stable identity. Unknown
 * neither begins nor ends one: a disk that was full stays full while its agent is silent.
 */
import type { Finding, Subject } from "../../shared/rest.ts";
import { findingId } from "./finding-id.ts";
import { formatTime } from "./format.ts";
import type { Memory } from "./judged-cluster.ts";
import { NO_MEMORY } from "./judged-cluster.ts";
import type { BadOutcome, Rule, RuleOutcome } from "./rule.ts";
import { subjectKey } from "./rule.ts";

/** One subject of one rule that was bad and is not over. */
export interface Track {
  readonly code: string;
  readonly subject: Subject;
  /** Empty while the hold lasts. */
  readonly id: string;
  readonly firstBadMs: number;
  readonly sinceMs: number;
  readonly lastBadMs: number;
  /** Since when it is ok again; undefined while bad or unknown. */
  readonly okSinceMs: number | undefined;
  readonly outcome: BadOutcome;
}

/** What evaluation carries from one look to the next. */
export interface Tracker {
  /** By trackKey. */
  readonly tracks: ReadonlyMap<string, Track>;
  readonly memory: Memory;
}

/** What one rule said at this look; undefined outcomes: the rule failed, and nothing of it changes. */
export interface RuleResult {
  readonly rule: Rule;
  readonly outcomes: readonly RuleOutcome[] | undefined;
}

export interface Tracked {
  readonly tracks: ReadonlyMap<string, Track>;
  readonly active: readonly Track[];
  /** Over at this look; told once. */
  readonly resolved: readonly Track[];
}

export const EMPTY_TRACKER: Tracker = { tracks: new Map(), memory: NO_MEMORY };

export function trackKey(code: string, subject: Subject): string {
  return `${code}/${subjectKey(subject)}`;
}

export function track(
  before: ReadonlyMap<string, Track>,
  results: readonly RuleResult[],
  look: { readonly cluster: string; readonly nowMs: number },
): Tracked {
  const tracks = new Map<string, Track>();
  const resolved: Track[] = [];
  const known = new Set<string>();
  const heldKeys = Map.groupBy(before.keys(), (key) => before.get(key)?.code ?? "");
  for (const { rule, outcomes } of results) {
    known.add(rule.code);
    const ofRule = heldKeys.get(rule.code) ?? [];
    // Of what is well and was well there is nothing to keep, and that is nearly everything.
    if (ofRule.length === 0 && outcomes?.some(({ kind }) => kind === "bad") !== true) {
      continue;
    }
    const relevant = ofRule.length > 0 ? outcomes : outcomes?.filter(({ kind }) => kind === "bad");
    const said = new Map(relevant?.map((outcome) => [trackKey(rule.code, outcome.subject), outcome]));
    const keys = new Set([...said.keys(), ...ofRule]);
    for (const key of keys) {
      const held = before.get(key);
      const next = outcomes === undefined ? held : advance(rule, { held, outcome: said.get(key), ...look });
      if (next !== undefined) {
        tracks.set(key, next);
      } else if (held !== undefined && held.id !== "") {
        resolved.push(held);
      }
    }
  }
  // Of a rule that this version no longer has: over.
  for (const [, held] of before) {
    if (!known.has(held.code) && held.id !== "") {
      resolved.push(held);
    }
  }
  return { tracks, active: [...tracks.values()].filter(({ id }) => id !== ""), resolved };
}

interface Step {
  readonly held: Track | undefined;
  /** undefined: the subject is gone, which ends it as ok does. */
  readonly outcome: RuleOutcome | undefined;
  readonly cluster: string;
  readonly nowMs: number;
}

function advance(rule: Rule, step: Step): Track | undefined {
  const { held, outcome, nowMs } = step;
  if (outcome?.kind === "bad") {
    return advanceBad(rule, { ...step, outcome });
  }
  if (held === undefined || (outcome?.kind === "unknown" && outcome.isExplained !== true)) {
    return held;
  }
  // A hold that was not yet over starts anew.
  if (held.id === "") {
    return undefined;
  }
  const okSinceMs = held.okSinceMs ?? nowMs;
  return nowMs - okSinceMs >= rule.quietMs ? undefined : { ...held, okSinceMs };
}

function advanceBad(rule: Rule, step: Step & { readonly outcome: BadOutcome }): Track {
  const { held, outcome, nowMs } = step;
  const firstBadMs = held?.firstBadMs ?? nowMs;
  const isTold =
    (held !== undefined && held.id !== "") || nowMs - firstBadMs >= (outcome.holdMs ?? rule.holdMs);
  const sinceMs =
    held !== undefined && held.id !== ""
      ? held.sinceMs
      : Math.round(Math.min(outcome.sinceMs ?? firstBadMs, firstBadMs));
  const id = isTold
    ? held?.id || findingId([step.cluster, rule.code, subjectKey(outcome.subject), formatTime(sinceMs)])
    : "";
  return {
    code: rule.code,
    subject: outcome.subject,
    id,
    firstBadMs,
    sinceMs,
    lastBadMs: nowMs,
    okSinceMs: undefined,
    outcome,
  };
}

/** The tracker after the collector's clock was set: what is held in its time moves along, and every finding stays the one it is. */
export function moveTracker({ tracks, memory }: Tracker, byMs: number): Tracker {
  const later = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : atMs + byMs;
  return {
    tracks: new Map(
      [...tracks].map(([key, one]) => [
        key,
        {
          ...one,
          firstBadMs: one.firstBadMs + byMs,
          sinceMs: one.sinceMs + byMs,
          lastBadMs: one.lastBadMs + byMs,
          okSinceMs: later(one.okSinceMs),
        },
      ]),
    ),
    memory: {
      leader: memory.leader && { ...memory.leader, sinceMs: memory.leader.sinceMs + byMs },
      leaderlessSinceMs: later(memory.leaderlessSinceMs),
    },
  };
}

/**
 * The tracker after a restart, from the findings that were active: none of them begins a second time. What was recorded
 * before the clock was set back may say later than now.
 */
export function restoreTracker(active: readonly Finding[], nowMs = Number.POSITIVE_INFINITY): Tracker {
  const tracks = new Map<string, Track>();
  for (const finding of active) {
    const { code, subject, id } = finding;
    const sinceMs = Math.min(Date.parse(finding.since), nowMs);
    const outcome: BadOutcome = {
      kind: "bad",
      subject,
      severity: finding.severity,
      title: finding.title,
      detail: finding.detail,
      evidence: finding.evidence,
      confidence: finding.confidence,
    };
    const lastBadMs = Math.min(Date.parse(finding.lastSeen), nowMs);
    tracks.set(trackKey(code, subject), {
      code,
      subject,
      id,
      firstBadMs: sinceMs,
      sinceMs,
      lastBadMs,
      okSinceMs: undefined,
      outcome,
    });
  }
  return { tracks, memory: NO_MEMORY };
}

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
  for (const { rule, outcomes } of results) {
    known.add(rule.code);
    const said = new Map(outcomes?.map((outcome) => [trackKey(rule.code, outcome.subject), outcome]));
    const keys = new Set([...said.keys(), ...listKeys(before, rule.code)]);
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
  if (held === undefined || outcome?.kind === "unknown") {
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
  const isTold = (held !== undefined && held.id !== "") || nowMs - firstBadMs >= rule.holdMs;
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

function listKeys(tracks: ReadonlyMap<string, Track>, code: string): readonly string[] {
  return [...tracks].filter(([, { code: other }]) => other === code).map(([key]) => key);
}

/** The tracker after a restart, from the findings that were active: none of them begins a second time. */
export function restoreTracker(active: readonly Finding[]): Tracker {
  const tracks = new Map<string, Track>();
  for (const finding of active) {
    const { code, subject, id } = finding;
    const sinceMs = Date.parse(finding.since);
    const outcome: BadOutcome = {
      kind: "bad",
      subject,
      severity: finding.severity,
      title: finding.title,
      detail: finding.detail,
      evidence: finding.evidence,
      confidence: finding.confidence,
    };
    const lastBadMs = Date.parse(finding.lastSeen);
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

/** Which alerts stand, and which are over but not yet forgotten. Pure: (book, what was seen, now) → book. */
import type { Finding } from "../../shared/rest.ts";
import { labelsKey, toAlert, type AlertTexts } from "./alert-labels.ts";

export interface BookedAlert extends AlertTexts {
  readonly startsAtMs: number;
  /** undefined: it stands. */
  readonly resolvedAtMs: number | undefined;
}

/** By cluster, then by the labels' key. */
export type AlertBook = ReadonlyMap<string, ReadonlyMap<string, BookedAlert>>;

export interface SeenFindings {
  readonly cluster: string;
  readonly active: readonly Finding[];
  readonly resolved: readonly Finding[];
}

/** As in Alertmanager's v2 API. */
export interface PostedAlert extends AlertTexts {
  readonly startsAt: string;
  readonly endsAt: string;
}

/** A resolution is told this long, in case the first telling was lost. */
export const TELL_RESOLVED_MS = 15 * 60_000;
/** An alert that nobody renews is over after this: four renewals may be lost. */
export const EXPIRES_AFTER_MS = 4 * 60_000;
/** Alerts of one cluster; more is a fault of ours, and the first are the oldest. */
const MAX_ALERTS = 1000;

const NONE: ReadonlyMap<string, BookedAlert> = new Map();

export function observe(book: AlertBook, seen: SeenFindings, nowMs: number): AlertBook {
  const before = book.get(seen.cluster) ?? NONE;
  if (before.size === 0 && seen.active.length === 0) {
    return book;
  }
  const after = new Map<string, BookedAlert>();
  for (const finding of seen.active) {
    const alert = toAlert(seen.cluster, finding);
    const key = labelsKey(alert.labels);
    const known = before.get(key);
    if (after.size >= MAX_ALERTS || after.has(key)) {
      continue;
    }
    const isNew = known === undefined || known.resolvedAtMs !== undefined;
    const startsAtMs = isNew ? Date.parse(finding.since) : known.startsAtMs;
    after.set(key, { ...alert, startsAtMs, resolvedAtMs: undefined });
  }
  for (const [key, alert] of before) {
    if (after.has(key) || after.size >= MAX_ALERTS) {
      continue;
    }
    const resolvedAtMs = alert.resolvedAtMs ?? endOf(key, seen) ?? nowMs;
    if (nowMs - resolvedAtMs < TELL_RESOLVED_MS) {
      after.set(key, { ...alert, resolvedAtMs });
    }
  }
  const next = new Map(book);
  if (after.size === 0) {
    next.delete(seen.cluster);
  } else {
    next.set(seen.cluster, after);
  }
  return next;
}

/** Whether an alert begins or ends from one book to the next; new texts of one that stands go with its next renewal. */
export function hasNews(before: AlertBook, after: AlertBook, cluster: string): boolean {
  const [old, fresh] = [before.get(cluster) ?? NONE, after.get(cluster) ?? NONE];
  return [...fresh].some(
    ([key, alert]) => old.get(key)?.resolvedAtMs !== alert.resolvedAtMs || !old.has(key),
  );
}

function endOf(key: string, seen: SeenFindings): number | undefined {
  const ended = seen.resolved.find((finding) => labelsKey(toAlert(seen.cluster, finding).labels) === key);
  return ended?.until === undefined || ended.until === null ? undefined : Date.parse(ended.until);
}

/** Everything that a receiver should know now. */
export function listAlerts(book: AlertBook, nowMs: number): readonly PostedAlert[] {
  return [...book.values()].flatMap((alerts) =>
    [...alerts.values()].map(({ labels, annotations, startsAtMs, resolvedAtMs }) => {
      // Nothing began, or ended, later than now, whatever a clock said that was set back since.
      const fromMs = Math.min(startsAtMs, nowMs);
      const toMs = resolvedAtMs === undefined ? nowMs + EXPIRES_AFTER_MS : Math.min(resolvedAtMs, nowMs);
      return {
        labels,
        annotations,
        startsAt: new Date(fromMs).toISOString(),
        endsAt: new Date(Math.max(fromMs, toMs)).toISOString(),
      };
    }),
  );
}

/** A log's events → what they prove: counts, first and last, episodes, and the likely causes first. Pure, bounded. */
import type { Severity } from "../rest.ts";
import { directnessOf, EXPLAINS } from "./explains.ts";
import type { LineEvent } from "./classify.ts";
import { redactExcerpt } from "./redact-excerpt.ts";

export interface LogEvidence {
  readonly file: string;
  readonly line: number;
  readonly atMs: number | undefined;
  readonly excerpt: string;
}

export interface CodeSummary {
  readonly code: string;
  /** The gravest of its lines. */
  readonly severity: Severity;
  readonly count: number;
  readonly firstAtMs: number | undefined;
  readonly lastAtMs: number | undefined;
  /** The first lines that say it differently, at most three. */
  readonly evidence: readonly LogEvidence[];
}

/** The same event without a break of two minutes. */
export interface LogEpisode {
  readonly code: string;
  readonly severity: Severity;
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface LogCause extends CodeSummary {
  /** Codes in the same log that it explains. */
  readonly explains: readonly string[];
  /** etcd served again after its last line. */
  readonly isOver: boolean;
}

export interface LogSummary {
  readonly lines: number;
  readonly events: number;
  /** Causes, the likely one first; of codes that something else explains there is none. */
  readonly causes: readonly LogCause[];
  readonly codes: readonly CodeSummary[];
  readonly timeline: readonly LogEpisode[];
  /** Episodes that had no room. */
  readonly timelineLeftOut: number;
}

export interface LogPlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const MAX_EVIDENCE = 3;
const EPISODE_GAP_MS = 120_000;
const MAX_EPISODES = 500;
const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

interface Collected {
  severity: Severity;
  count: number;
  firstAtMs: number | undefined;
  lastAtMs: number | undefined;
  readonly evidence: LogEvidence[];
  readonly said: Set<string>;
  episode: { fromMs: number; toMs: number; count: number; severity: Severity } | undefined;
}

export class LogSummarizer {
  readonly #codes = new Map<string, Collected>();
  readonly #episodes: LogEpisode[] = [];
  #leftOut = 0;
  #events = 0;

  add(event: LineEvent, place: LogPlace): void {
    this.#events += 1;
    const collected = this.#codes.get(event.code) ?? emptyOf(event);
    this.#codes.set(event.code, collected);
    collected.count += 1;
    collected.severity = graver(collected.severity, event.severity);
    if (event.atMs !== undefined) {
      collected.firstAtMs = Math.min(collected.firstAtMs ?? event.atMs, event.atMs);
      collected.lastAtMs = Math.max(collected.lastAtMs ?? event.atMs, event.atMs);
      this.#extend(event.code, collected, { atMs: event.atMs, severity: event.severity });
    }
    if (collected.evidence.length < MAX_EVIDENCE) {
      const said = event.parsed.message.replaceAll(/[0-9a-f]{2,}/g, "#").slice(0, 60);
      if (!collected.said.has(said)) {
        collected.said.add(said);
        const { file, line, text } = place;
        collected.evidence.push({ file, line, atMs: event.atMs, excerpt: redactExcerpt(text) });
      }
    }
  }

  summarize(lines: number, servedAtMs: number | undefined): LogSummary {
    for (const [code, collected] of this.#codes) {
      this.#closeEpisode(code, collected);
    }
    const codes = Array.from(this.#codes, ([code, one]): CodeSummary => ({
      code,
      severity: one.severity,
      count: one.count,
      firstAtMs: one.firstAtMs,
      lastAtMs: one.lastAtMs,
      evidence: one.evidence,
    })).sort(byWeight);
    return {
      lines,
      events: this.#events,
      causes: findCauses(codes, servedAtMs),
      codes,
      timeline: this.#episodes.sort((one, other) => one.fromMs - other.fromMs),
      timelineLeftOut: this.#leftOut,
    };
  }

  #extend(
    code: string,
    collected: Collected,
    now: { readonly atMs: number; readonly severity: Severity },
  ): void {
    const { episode } = collected;
    if (episode !== undefined && Math.abs(now.atMs - episode.toMs) <= EPISODE_GAP_MS) {
      episode.toMs = Math.max(episode.toMs, now.atMs);
      episode.count += 1;
      episode.severity = graver(episode.severity, now.severity);
      return;
    }
    this.#closeEpisode(code, collected);
    collected.episode = { fromMs: now.atMs, toMs: now.atMs, count: 1, severity: now.severity };
  }

  #closeEpisode(code: string, collected: Collected): void {
    if (collected.episode !== undefined) {
      if (this.#episodes.length < MAX_EPISODES) {
        this.#episodes.push({ code, ...collected.episode });
      } else {
        this.#leftOut += 1;
      }
      collected.episode = undefined;
    }
  }
}

function emptyOf(event: LineEvent): Collected {
  return {
    severity: event.severity,
    count: 0,
    firstAtMs: undefined,
    lastAtMs: undefined,
    evidence: [],
    said: new Set(),
    episode: undefined,
  };
}

function graver(one: Severity, other: Severity): Severity {
  return SEVERITIES.indexOf(one) <= SEVERITIES.indexOf(other) ? one : other;
}

function byWeight(one: CodeSummary, other: CodeSummary): number {
  return (
    SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity) ||
    directnessOf(one.code) - directnessOf(other.code)
  );
}

function findCauses(codes: readonly CodeSummary[], servedAtMs: number | undefined): LogCause[] {
  const explained = new Set(codes.flatMap(({ code }) => EXPLAINS[code] ?? []));
  const found = new Set(codes.map(({ code }) => code));
  return codes
    .filter(({ code, severity }) => !explained.has(code) && severity !== "info")
    .map((one) => ({
      ...one,
      explains: [...new Set(EXPLAINS[one.code] ?? [])].filter((code) => found.has(code)),
      isOver: servedAtMs !== undefined && one.lastAtMs !== undefined && servedAtMs > one.lastAtMs,
    }))
    .sort((one, other) => Number(one.isOver) - Number(other.isOver) || byWeight(one, other));
}

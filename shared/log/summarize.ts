/** A log's events → what they prove: counts, first and last, episodes, and the likely causes first. Pure, bounded. */
import type { Severity } from "../rest.ts";
import type { LineEvent } from "./classify.ts";
import { compareSeverity, EpisodeCollector, graver } from "./episodes.ts";
import type { Episode, LogPlace, SaidLine } from "./episodes.ts";
import { directnessOf } from "./explains.ts";
import { findCauses } from "./find-causes.ts";
import { parseLine } from "./parse-line.ts";
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
  /** Of its newest episode the first line and the newest, three at most, as they were read. */
  readonly evidence: readonly LogEvidence[];
}

/** An episode (episodes.ts) whose lines carry a time. */
export interface LogEpisode {
  readonly code: string;
  readonly severity: Severity;
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface LogCause extends CodeSummary {
  /** Codes in the same log, at its time, that are no causes themselves. */
  readonly explains: readonly string[];
  /** etcd served again after the newest of its lines that nothing else explains; `evidence` is of those. */
  readonly isOver: boolean;
}

export interface LogSummary {
  readonly lines: number;
  readonly events: number;
  /** Causes, the likely one first; of codes that something else explains there is none. */
  readonly causes: readonly LogCause[];
  readonly codes: readonly CodeSummary[];
  /** Oldest first; of many the newest. */
  readonly timeline: readonly LogEpisode[];
  /** Episodes before those. */
  readonly timelineLeftOut: number;
}

const MAX_EVIDENCE = 3;
const MAX_EPISODES = 500;

interface Collected {
  severity: Severity;
  count: number;
  firstAtMs: number | undefined;
  lastAtMs: number | undefined;
  readonly episodes: EpisodeCollector;
}

export class LogSummarizer {
  readonly #codes = new Map<string, Collected>();
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
    }
    collected.episodes.add(event, place);
  }

  /** `servedAtsMs`: when etcd said that it serves. Nothing may be added afterwards. */
  summarize(lines: number, servedAtsMs: readonly number[]): LogSummary {
    const all = Array.from(this.#codes, ([code, { episodes, ...figures }]) => {
      const ended = episodes.end();
      const newest = ended.episodes.at(-1);
      const evidence = newest === undefined ? [] : listEvidence(newest);
      return { summary: { code, ...figures, evidence }, ...ended };
    }).sort((one, other) => byWeight(one.summary, other.summary));
    const timeline = all
      .flatMap(({ summary: { code }, episodes }) => episodes.flatMap((one) => toTimeline(code, one)))
      .sort((one, other) => one.fromMs - other.fromMs);
    const found = findCauses(
      all.map(({ summary: { code, severity }, episodes }) => ({ code, severity, episodes })),
      servedAtsMs,
    );
    return {
      lines,
      events: this.#events,
      causes: found.flatMap(({ code, episode, explains, isOver }) =>
        all
          .filter(({ summary }) => summary.code === code)
          .map(({ summary }) => ({ ...summary, evidence: listEvidence(episode), explains, isOver })),
      ),
      codes: all.map(({ summary }) => summary),
      timeline: timeline.slice(-MAX_EPISODES),
      timelineLeftOut:
        all.reduce((sum, { leftOut }) => sum + leftOut, 0) + Math.max(0, timeline.length - MAX_EPISODES),
    };
  }
}

function emptyOf({ code, severity }: LineEvent): Collected {
  return {
    severity,
    count: 0,
    firstAtMs: undefined,
    lastAtMs: undefined,
    episodes: new EpisodeCollector(code),
  };
}

function toTimeline(code: string, { severity, fromMs, toMs, count }: Episode): readonly LogEpisode[] {
  return fromMs === undefined || toMs === undefined ? [] : [{ code, severity, fromMs, toMs, count }];
}

/** How it began, how it was said last, and between them the newest that says it differently. */
function listEvidence({ first, newest }: Episode): readonly LogEvidence[] {
  const last = newest.at(-1);
  const told = [first, ...(last === undefined ? [] : [last])];
  const shapes = new Set(told.map(shapeOf));
  const others = newest.filter((said) => !shapes.has(shapeOf(said))).slice(2 - MAX_EVIDENCE);
  return [first, ...others, ...told.slice(1)].map(({ file, line, atMs, text }) => ({
    file,
    line,
    atMs,
    excerpt: redactExcerpt(text),
  }));
}

function shapeOf({ text }: SaidLine): string {
  return parseLine(text)
    .message.replaceAll(/[0-9a-f]{2,}/g, "#")
    .slice(0, 60);
}

function byWeight(one: CodeSummary, other: CodeSummary): number {
  return compareSeverity(one.severity, other.severity) || directnessOf(one.code) - directnessOf(other.code);
}

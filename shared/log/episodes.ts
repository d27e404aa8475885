/** One code's events → its episodes: from when to when it was said without a break, how often, in which lines. Bounded: the newest stay. */
import type { Severity } from "../rest.ts";
import type { LineEvent } from "./classify.ts";
import { copyText } from "./split-lines.ts";

export interface LogPlace {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface SaidLine extends LogPlace {
  readonly atMs: number | undefined;
}

/** The same event without a break of two minutes. Both times undefined: its lines carry none. */
export interface Episode {
  readonly severity: Severity;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly count: number;
  /** etcd ended with it: it lasts until etcd serves again, whatever is said meanwhile. */
  readonly endsEtcd: boolean;
  readonly first: SaidLine;
  /** The last lines, the first perhaps among them; oldest first. */
  readonly newest: readonly SaidLine[];
}

const EPISODE_GAP_MS = 120_000;
/** Of each code; what was before those is counted. */
export const MAX_EPISODES_OF_CODE = 50;
/** Enough to find one that says it differently. */
const MAX_NEWEST = 3;
/** An excerpt is made of no more of a line (redact-excerpt.ts). */
const MAX_KEPT_CHARACTERS = 4000;

/** What is said when etcd does not run, or will not. */
const ENDING = /^(?:START_|ETCD_PANIC|PROCESS_EXITED|CRASH_LOOP|OOM_KILLED|RAFT_LOG_LOST|SNAP_DB_MISSING)/;
const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

type Open = { -readonly [Key in keyof Episode]: Episode[Key] } & { newest: SaidLine[] };

export class EpisodeCollector {
  readonly #isEndingCode: boolean;
  #closed: Episode[] = [];
  #open: Open | undefined;
  #leftOut = 0;
  /** The end of the oldest that is kept, once there are too many. */
  #oldestMs = Number.NEGATIVE_INFINITY;

  constructor(code: string) {
    this.#isEndingCode = ENDING.test(code);
  }

  add({ severity, atMs, parsed }: LineEvent, { file, line, text }: LogPlace): void {
    // A slice of what was read would hold all of it in memory.
    const kept = copyText(text.length > MAX_KEPT_CHARACTERS ? text.slice(0, MAX_KEPT_CHARACTERS) : text);
    const said = { file, line, atMs, text: kept };
    const endsEtcd = this.#isEndingCode || parsed.level === "fatal" || parsed.level === "panic";
    const open = this.#open;
    if (open === undefined || !goesOn(open, atMs)) {
      this.#close();
      this.#open = { severity, fromMs: atMs, toMs: atMs, count: 1, endsEtcd, first: said, newest: [] };
      return;
    }
    open.count += 1;
    open.severity = graver(open.severity, severity);
    open.endsEtcd ||= endsEtcd;
    if (atMs !== undefined && open.toMs !== undefined && open.fromMs !== undefined) {
      open.toMs = Math.max(open.toMs, atMs);
      open.fromMs = Math.min(open.fromMs, atMs);
    }
    open.newest.push(said);
    if (open.newest.length > MAX_NEWEST) {
      open.newest.shift();
    }
  }

  /** Oldest first, and how many more there were before them. Nothing may be added afterwards. */
  end(): { readonly episodes: readonly Episode[]; readonly leftOut: number } {
    this.#close();
    this.#trim();
    return { episodes: this.#closed.sort(byStart), leftOut: this.#leftOut };
  }

  #close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) {
      return;
    }
    if ((open.toMs ?? Number.POSITIVE_INFINITY) < this.#oldestMs) {
      this.#leftOut += 1;
      return;
    }
    this.#closed.push(open);
    if (this.#closed.length >= 2 * MAX_EPISODES_OF_CODE) {
      this.#trim();
    }
  }

  #trim(): void {
    if (this.#closed.length > MAX_EPISODES_OF_CODE) {
      this.#leftOut += this.#closed.length - MAX_EPISODES_OF_CODE;
      this.#closed = this.#closed.sort(byStart).slice(-MAX_EPISODES_OF_CODE);
      this.#oldestMs = this.#closed[0]?.toMs ?? Number.NEGATIVE_INFINITY;
    }
  }
}

/** The graver of two. */
export function graver(one: Severity, other: Severity): Severity {
  return compareSeverity(one, other) <= 0 ? one : other;
}

/** Negative: the first is graver. */
export function compareSeverity(one: Severity, other: Severity): number {
  return SEVERITIES.indexOf(one) - SEVERITIES.indexOf(other);
}

function goesOn(open: Open, atMs: number | undefined): boolean {
  return atMs === undefined || open.toMs === undefined
    ? atMs === open.toMs
    : atMs >= (open.fromMs ?? 0) - EPISODE_GAP_MS && atMs <= open.toMs + EPISODE_GAP_MS;
}

function byStart(one: Episode, other: Episode): number {
  return (one.fromMs ?? Number.NEGATIVE_INFINITY) - (other.fromMs ?? Number.NEGATIVE_INFINITY) || 0;
}

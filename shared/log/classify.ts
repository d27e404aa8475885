/**
 * Line after line → which event each is, if any: the catalogue's signatures, their rates, and what is expected while etcd starts
 * or stops. What etcd says is nearly always something it has said before, so the matching is remembered by the message.
 */
import type { Severity } from "../rest.ts";
import { SIGNATURES } from "./catalogue/catalogue.ts";
import { copyText } from "./split-lines.ts";
import { findField } from "./find-field.ts";
import { parseLine } from "./parse-line.ts";
import type { ParsedLine } from "./parse-line.ts";
import { parseLineTimeMs } from "./parse-line-time.ts";
import type { Phase, Signature } from "./signature.ts";
import type { LineOrigin } from "./unwrap-line.ts";

/** A line that is an event. */
export interface LineEvent {
  readonly code: string;
  readonly severity: Severity;
  /** undefined: neither the line nor one before it says when. */
  readonly atMs: number | undefined;
  readonly parsed: ParsedLine;
}

export interface LogClassifier {
  /** undefined: the line is nothing. `line` as createLineSplitter gives it. */
  classify(line: string): LineEvent | undefined;
  /** A file of its own begins: what was said before does not bear on it. */
  reset(): void;
  /** When etcd said that it serves clients, as read; the newest of many. */
  readonly servedAtsMs: () => readonly number[];
}

/** Different messages remembered; etcd of one version has some hundreds that hold no number. */
const MAX_REMEMBERED = 8192;
/** Longer than this a message is not said twice. */
const MAX_REMEMBERED_LENGTH = 400;
/** Matching looks no further: what decides is at the front. */
const MAX_MATCHED_LENGTH = 2000;
/** Starts that are remembered: a log of years has fewer, a crash loop never serves. */
const MAX_SERVED = 1000;
const PHASE_MS = 60_000;
/** raft of 3.4 gives its times in whole seconds, cut off. */
const PHASE_EARLY_MS = 1000;
/** Where lines carry no time. */
const PHASE_LINES = 300;

const PHASE_LINE: readonly (readonly [Phase | "serving", RegExp])[] = [
  [
    "boot",
    /^(?:starting (?:an )?etcd server|starting server\.\.\.|etcd Version: |added (?:starting )?peer|starting remote peer)/,
  ],
  [
    "stop",
    /^(?:received signal; shutting down|received (?:terminated|interrupt) signal, shutting down|closing etcd server|closed etcd server|skipped leadership transfer|stopping remote peer|removed remote peer)/,
  ],
  ["serving", /^ready to serve client requests/],
];

/** Identifiers and the ports of clients: no signature looks at them, and they make every message a new one. */
const NAMES_ONLY = /[0-9a-f]{12,}|:\d{5}\b/g;

const NO_SIGNATURES: readonly Signature[] = [];

interface Remembered {
  /** In order, up to and with the first that needs no further field. */
  readonly candidates: readonly Signature[];
  readonly phase: Phase | "serving" | undefined;
}

const NOTHING: Remembered = { candidates: NO_SIGNATURES, phase: undefined };

export function createLogClassifier(nowMs: number): LogClassifier {
  const remembered: Record<LineOrigin, Map<string, Remembered>> = {
    etcd: new Map(),
    systemd: new Map(),
    kernel: new Map(),
    other: new Map(),
    unknown: new Map(),
  };
  const windows = new Map<string, number[]>();
  let phases: Partial<Record<Phase, { readonly atMs: number | undefined; readonly line: number }>> = {};
  let lines = 0;
  let lastAtMs: number | undefined;
  let servedAtsMs: number[] = [];

  function recall(parsed: ParsedLine): Remembered {
    const known = remembered[parsed.origin];
    const text = parsed.error === "" ? parsed.message : `${parsed.message}: ${parsed.error}`;
    const isShort = text.length <= MAX_REMEMBERED_LENGTH;
    const said = isShort ? text.replaceAll(NAMES_ONLY, "#") : "";
    const before = isShort ? known.get(said) : undefined;
    if (before !== undefined) {
      return before;
    }
    const found = match(text.slice(0, MAX_MATCHED_LENGTH), parsed);
    if (isShort) {
      if (known.size >= MAX_REMEMBERED) {
        known.clear();
      }
      known.set(copyText(said), found);
    }
    return found;
  }

  function isExpected(signature: Signature, atMs: number | undefined): boolean {
    return (signature.expectedAt ?? []).some((phase) => {
      const begun = phases[phase];
      if (begun === undefined) {
        return false;
      }
      return begun.atMs === undefined || atMs === undefined
        ? lines - begun.line <= PHASE_LINES
        : atMs >= begun.atMs - PHASE_EARLY_MS && atMs - begun.atMs <= PHASE_MS;
    });
  }

  /** The rate of a code is that of all its signatures together. */
  function isFrequent(signature: Signature, atMs: number | undefined): boolean {
    const { rate, code } = signature;
    if (rate === undefined) {
      return true;
    }
    const times = windows.get(code) ?? [];
    windows.set(code, times);
    const apartMs = Math.abs((atMs ?? 0) - (times.at(-1) ?? Number.NEGATIVE_INFINITY));
    const isSameTime = atMs !== undefined && apartMs < (rate.apartMs ?? 0);
    if (!isSameTime) {
      times.push(atMs ?? 0);
    }
    if (times.length > rate.count) {
      times.shift();
    }
    return times.length === rate.count && (times.at(-1) ?? 0) - (times[0] ?? 0) <= rate.withinMs;
  }

  function classify(line: string): LineEvent | undefined {
    lines += 1;
    const parsed = parseLine(line);
    const { candidates, phase } = recall(parsed);
    const isFatal = parsed.origin === "etcd" && (parsed.level === "fatal" || parsed.level === "panic");
    if (phase === undefined && candidates.length === 0 && !isFatal) {
      return undefined;
    }
    const atMs = (parsed.time === undefined ? undefined : parseLineTimeMs(parsed.time, nowMs)) ?? lastAtMs;
    lastAtMs = atMs;
    if (phase === "serving") {
      if (atMs !== undefined) {
        servedAtsMs.push(atMs);
      }
      if (servedAtsMs.length > 2 * MAX_SERVED) {
        servedAtsMs = servedAtsMs.slice(-MAX_SERVED);
      }
    } else if (phase !== undefined) {
      phases[phase] = { atMs, line: lines };
    }
    const signature = candidates.find(
      ({ field }) => field === undefined || field.match.test(findField(parsed.text, field.name) ?? ""),
    );
    if (signature === undefined) {
      return isFatal ? { code: "ETCD_PANIC", severity: "critical", atMs, parsed } : undefined;
    }
    if (isExpected(signature, atMs)) {
      return undefined;
    }
    const severity = isFrequent(signature, atMs) ? signature.severity : (signature.rate?.below ?? null);
    return severity === null ? undefined : { code: signature.code, severity, atMs, parsed };
  }

  return {
    classify,
    reset: () => {
      windows.clear();
      phases = {};
      lastAtMs = undefined;
    },
    servedAtsMs: () => servedAtsMs,
  };
}

function match(text: string, parsed: ParsedLine): Remembered {
  const { origin } = parsed;
  const phase = origin === "etcd" || origin === "unknown" ? findPhase(parsed.message) : undefined;
  const candidates: Signature[] = [];
  for (const signature of SIGNATURES) {
    const origins = signature.origins ?? DEFAULT_ORIGINS;
    if (origins.includes(origin) && signature.match.test(text) && signature.unless?.test(text) !== true) {
      candidates.push(signature);
      if (signature.field === undefined) {
        break;
      }
    }
  }
  return candidates.length === 0 && phase === undefined ? NOTHING : { candidates, phase };
}

const DEFAULT_ORIGINS: readonly LineOrigin[] = ["etcd", "unknown"];

function findPhase(message: string): Remembered["phase"] {
  return PHASE_LINE.find(([, pattern]) => pattern.test(message))?.[0];
}

/** Query parameters that more than one endpoint takes: their JSON schemas and their checked values. */
import { formatTimestamp, parseTimestampMs } from "../../shared/parse-timestamp.ts";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from "./paging.ts";
import { badRequest } from "./problem.ts";

/** A clock of the asker that is a little ahead is no reason to refuse. */
const FUTURE_TOLERANCE_MS = 60_000;

function time(description: string): object {
  return {
    type: "string",
    format: "date-time",
    maxLength: 64,
    description,
    examples: ["2026-11-22T03:12:09.000Z"],
  };
}

export const AT_PARAMETER = {
  at: time("The cluster as it was then; left out: now"),
} as const;

export const SPAN_PARAMETERS = {
  from: time("Begin of the span, inclusive"),
  to: time("End of the span, exclusive; left out: now"),
} as const;

export const PAGE_PARAMETERS = {
  limit: {
    type: "integer",
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    description: "Entries in one answer",
  },
  cursor: { type: "string", minLength: 1, maxLength: 2048, description: "nextCursor of the answer before" },
} as const;

export const CLUSTER_PARAMS = {
  type: "object",
  properties: { cluster: { type: "string", description: "The operator's name of the cluster" } },
  required: ["cluster"],
} as const;

/** A query that knows its parameters and no others. */
export function querySchema(properties: Readonly<Record<string, object>>): object {
  return { type: "object", additionalProperties: false, properties };
}

export interface AtQuery {
  readonly at?: string;
}

export interface SpanQuery {
  readonly from?: string;
  readonly to?: string;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The instant asked for, or undefined for now. */
export function readAt(query: AtQuery, nowMs: number): number | undefined {
  if (query.at === undefined) {
    return undefined;
  }
  const atMs = readTime("at", query.at);
  if (atMs > nowMs + FUTURE_TOLERANCE_MS) {
    throw badRequest(
      "at",
      `expected a time that has passed (it is ${formatTimestamp(nowMs)}), got ${query.at}`,
    );
  }
  return atMs;
}

/** The span asked for; a missing end is now, a missing begin is `defaultMs` before the end. */
export function readSpan(query: SpanQuery, nowMs: number, defaultMs: number): Span {
  const toMs = query.to === undefined ? nowMs : readTime("to", query.to);
  const fromMs = query.from === undefined ? Math.max(0, toMs - defaultMs) : readTime("from", query.from);
  if (fromMs >= toMs) {
    throw badRequest(
      "from",
      `expected a time before to (${formatTimestamp(toMs)}), got ${formatTimestamp(fromMs)}`,
    );
  }
  return { fromMs, toMs };
}

function readTime(field: string, text: string): number {
  const atMs = parseTimestampMs(text);
  if (atMs === undefined) {
    // "+08:00" arrives as " 08:00" when the plus sign is not written as %2B.
    const hint = / \d\d:\d\d$/.test(text) ? " (write + as %2B)" : "";
    throw badRequest(field, `expected RFC 3339 such as 2026-11-22T03:12:09Z, got "${text}"${hint}`);
  }
  return atMs;
}

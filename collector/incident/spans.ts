/** Lists of stretches of time, bounded: how long something was so, over and over. Pure. */
import type { Span } from "../../shared/incident-record.ts";

/** A thing that comes and goes more often is one long stretch to a reader. */
const MAX_SPANS = 40;

/** The list after a look: an open stretch goes on, ends at `untilMs`, or a new one begins at `sinceMs`; else now. */
export function extendSpans(
  spans: readonly Span[],
  isSo: boolean,
  when: { readonly nowMs: number; readonly sinceMs?: number; readonly untilMs?: number | undefined },
): readonly Span[] {
  const last = spans.at(-1);
  const isOpen = last !== undefined && last.toMs === null;
  if (isSo === isOpen) {
    return spans;
  }
  if (isOpen) {
    return [
      ...spans.slice(0, -1),
      { fromMs: last.fromMs, toMs: Math.max(last.fromMs, Math.min(when.untilMs ?? when.nowMs, when.nowMs)) },
    ];
  }
  const fromMs = Math.max(last?.toMs ?? 0, Math.min(when.sinceMs ?? when.nowMs, when.nowMs));
  const begun = [...spans, { fromMs, toMs: null }];
  if (begun.length <= MAX_SPANS) {
    return begun;
  }
  const [first, second, ...rest] = begun;
  return first === undefined || second === undefined
    ? begun
    : [{ fromMs: first.fromMs, toMs: second.toMs }, ...rest];
}

export function addSpan(spans: readonly Span[], span: Span): readonly Span[] {
  return extendSpans(
    extendSpans(spans, true, { nowMs: span.fromMs, sinceMs: span.fromMs }),
    span.toMs === null,
    { nowMs: span.toMs ?? span.fromMs },
  );
}

export function totalMs(spans: readonly Span[], nowMs: number): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, (toMs ?? nowMs) - fromMs), 0);
}

/** What the time bar marks: incidents as stretches; leader changes, changes and events as instants. Pure. */
import type { Text } from "../../../shared/text.ts";
import type { IncidentSummary, NoteReport } from "../../../shared/rest-incident.ts";
import { SEVERITY_TONE } from "../parts/tones.ts";
import type { Tone } from "../parts/tone.ts";
import type { TimeWindow } from "./span.ts";

export interface TimeMark {
  readonly key: string;
  readonly kind: "leader" | "change" | "event";
  readonly atMs: number;
  readonly text: Text;
}

export interface IncidentBar {
  readonly id: string;
  readonly fromMs: number;
  /** Of one that is open: the end of the window. */
  readonly toMs: number;
  readonly tone: Tone;
  readonly text: Text;
}

/** More would be a smear. */
const MAX_MARKS = 300;

export function chooseMarks(
  changes: readonly NoteReport[],
  events: readonly NoteReport[],
  { fromMs, toMs }: TimeWindow,
): readonly TimeMark[] {
  const all = [
    ...changes.map((note) => toMark(note, "change")),
    ...events.map((note) => toMark(note, "event")),
  ];
  return dropDoubles(all.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs))
    .sort((left, right) => left.atMs - right.atMs)
    .slice(-MAX_MARKS);
}

export function chooseBars(
  incidents: readonly IncidentSummary[],
  { fromMs, toMs }: TimeWindow,
): readonly IncidentBar[] {
  return incidents
    .map(({ id, openedAt, resolvedAt, severity, kind, title }): IncidentBar => ({
      id,
      fromMs: Math.max(fromMs, Date.parse(openedAt)),
      toMs: Math.min(toMs, resolvedAt === null ? toMs : Date.parse(resolvedAt)),
      tone: kind === "maintenance" ? "info" : SEVERITY_TONE[severity],
      text: title,
    }))
    .filter((bar) => bar.toMs >= bar.fromMs);
}

function toMark(note: NoteReport, kind: "change" | "event"): TimeMark {
  return {
    key: note.id,
    kind: /leader/.test(note.code) ? "leader" : kind,
    atMs: Date.parse(note.at),
    text: note.text,
  };
}

/** Three nodes see the same leader change; one mark is enough. */
const SAME_WITHIN_MS = 2_000;

function dropDoubles(marks: readonly TimeMark[]): TimeMark[] {
  const kept: TimeMark[] = [];
  for (const mark of marks) {
    const isDouble = kept.some(
      (other) =>
        other.kind === "leader" &&
        mark.kind === "leader" &&
        Math.abs(other.atMs - mark.atMs) < SAME_WITHIN_MS,
    );
    if (!isDouble) {
      kept.push(mark);
    }
  }
  return kept;
}

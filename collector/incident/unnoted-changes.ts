/**
 * Changes that nobody took a note of, from what is recorded of facts: they came late, from an agent's spool, or while no collector
 * was there to see them. A note is taken by who sees what was before; recorded is also what came in another order. Pure.
 */
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Note } from "../../shared/note.ts";
import { noteChange } from "./note-frame.ts";

/** A fact of a node as recorded: one that began, ended or became another. */
export interface RecordedChange {
  readonly node: string;
  readonly atMs: number;
  readonly before: Fact | undefined;
  readonly after: Fact | undefined;
}

/** A note is placed by the measured offset of the clock, what is recorded only where that is beyond two seconds. */
const APART_MS = 3000;
/** What an event tells of a start comes about when the process fact does. */
const START_WITHIN_MS = 60_000;

/**
 * As notes, those of the changes that none of these notes tells; notes and changes are of the same span. A note may be later than its
 * change, as after an agent was cut off.
 */
export function findUnnoted(changes: readonly RecordedChange[], notes: readonly Note[]): readonly Note[] {
  const told = Map.groupBy(notes, nameChange);
  const starts = notes.filter(({ code }) => code === "process_started");
  const found: Note[] = [];
  // The newest first: of what changed to and fro, each has the note that follows it next.
  for (const change of changes.toSorted((one, other) => other.atMs - one.atMs)) {
    for (const note of describe(change)) {
      const same = told.get(nameChange(note)) ?? [];
      const later = same.filter(({ atMs }) => atMs >= note.atMs - APART_MS);
      const next = later.toSorted((one, other) => one.atMs - other.atMs)[0];
      if (next !== undefined) {
        same.splice(same.indexOf(next), 1);
      } else if (!isToldByStart(note, starts)) {
        found.push(note);
      }
    }
  }
  return found;
}

/** A fact that is new has no change to tell. */
function describe({ node, atMs, before, after }: RecordedChange): readonly Note[] {
  return before === undefined || after === undefined
    ? []
    : noteChange(before, after, { node, atMs, isClockMeasured: false });
}

function nameChange({ node, code, subject, attributes }: Note): string {
  return JSON.stringify([node, code, subject, attributes]);
}

function isToldByStart({ node, code, atMs }: Note, starts: readonly Note[]): boolean {
  return (
    code === "process_restarted" &&
    starts.some((start) => start.node === node && Math.abs(start.atMs - atMs) <= START_WITHIN_MS)
  );
}

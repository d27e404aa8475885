/**
 * Notes of changes beside what is recorded of facts. A note is taken by who sees what was before; recorded is also what came in another
 * order: late, from an agent's spool, or when no collector had been there to see what was before. Pure.
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
 * The notes with one more for each change that none of them tells. A note that was taken late, as when an agent that was cut off told
 * at once what it holds by then, is put where the change is recorded. Notes and changes are of the same span.
 */
export function mergeRecorded(notes: readonly Note[], changes: readonly RecordedChange[]): readonly Note[] {
  const untaken = Map.groupBy(notes, nameChange);
  const moved = new Map<Note, Note>();
  const added: Note[] = [];
  // The newest first: of what changed to and fro, each has the note that follows it next.
  for (const change of changes.toSorted((one, other) => other.atMs - one.atMs)) {
    for (const recorded of describe(change)) {
      const same = untaken.get(nameChange(recorded)) ?? [];
      const next = findNext(same, recorded.atMs);
      if (next === undefined) {
        added.push(recorded);
      } else {
        same.splice(same.indexOf(next), 1);
        if (next.atMs - recorded.atMs > APART_MS) {
          moved.set(next, { ...next, atMs: recorded.atMs, isClockMeasured: false });
        }
      }
    }
  }
  const starts = notes.filter(({ code }) => code === "process_started");
  return [...notes.map((note) => moved.get(note) ?? note), ...added].filter(
    (note) => !isToldByStart(note, starts),
  );
}

function findNext(notes: readonly Note[], atMs: number): Note | undefined {
  return notes
    .filter((note) => note.atMs >= atMs - APART_MS)
    .toSorted((one, other) => one.atMs - other.atMs)[0];
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

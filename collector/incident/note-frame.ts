/**
 * One frame → notes: its events, and the facts that are others than before. Runs for every frame, so it looks only at
 * the facts that the frame carries; the fold keeps a fact's place when nothing in it changed.
 */
import type { Frame } from "../../shared/frame.ts";
import type { Fact } from "../../shared/gen/etcdscope/v1/fact_pb.js";
import type { Note, NoteKind } from "../../shared/note.ts";
import type { Text } from "../../shared/text.ts";
import { findingId } from "../diagnosis/finding-id.ts";
import type { HeldFact, NodeState } from "../view/node-state.ts";
import { describeChange } from "./describe-change.ts";
import { describeEvent } from "./describe-event.ts";

/** What is told of one event or change, before it has an identity. */
export interface Told {
  readonly code: string;
  readonly subject: string;
  readonly text: Text;
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event that says to be older than any spool, or to come, happened when it was seen. */
const MAX_AGE_MS = 7 * 86_400_000;
const MAX_LEAD_MS = 60_000;

export function noteFrame(before: NodeState | undefined, after: NodeState, frame: Frame): readonly Note[] {
  const events = frame.events.map((event): Note => {
    const saidMs = Number(event.atUnixMs) - after.clockOffsetMs;
    const isLikely = saidMs > after.atMs - MAX_AGE_MS && saidMs < after.atMs + MAX_LEAD_MS;
    return createNote("event", describeEvent(event, after), placeIn(after, isLikely ? saidMs : after.atMs));
  });
  // A late frame changed nothing but what is known of its time.
  const isLate =
    before !== undefined && before.sequence === after.sequence && before.instanceId === after.instanceId;
  if (isLate || before === undefined) {
    return events;
  }
  const hasStart = frame.events.some(({ kind }) => kind === "process_started");
  const changes = listChanged(before, after, frame).flatMap(([was, is]): readonly Note[] =>
    noteChange(was.fact, is.fact, placeIn(after, after.atMs))
      // The event says it better.
      .filter(({ code }) => !(code === "process_restarted" && hasStart)),
  );
  return [...events, ...changes];
}

/** The notes of one fact that became another. */
export function noteChange(was: Fact, is: Fact, place: NotePlace): readonly Note[] {
  return describeChange(was, is).map((told) => createNote("change", told, place));
}

/** Pairs of what was and what is; a fact that is new has no change to tell. */
function listChanged(
  before: NodeState,
  after: NodeState,
  frame: Frame,
): readonly (readonly [HeldFact, HeldFact])[] {
  return frame.facts.flatMap(({ key }): readonly (readonly [HeldFact, HeldFact])[] => {
    const was = before.facts.get(key);
    const is = after.facts.get(key);
    return was === undefined || is === undefined || was === is ? [] : [[was, is]];
  });
}

/** Where a note stands. */
export interface NotePlace {
  readonly node: string;
  readonly atMs: number;
  readonly isClockMeasured: boolean;
}

function placeIn({ node, clockOffsetMeasured }: NodeState, atMs: number): NotePlace {
  return { node, atMs, isClockMeasured: clockOffsetMeasured };
}

function createNote(kind: NoteKind, told: Told, { node, atMs, isClockMeasured }: NotePlace): Note {
  const { code, subject, text, attributes } = told;
  const rounded = Math.round(atMs);
  // The offset is measured anew now and then: what a node sees twice in one second is one thing.
  const parts = [kind, code, node, subject, String(Math.round(atMs / 1000)), JSON.stringify(attributes)];
  return {
    id: findingId(parts),
    kind,
    code,
    node,
    subject,
    atMs: rounded,
    isClockMeasured,
    text,
    attributes,
  };
}

/** One thing that happened or changed on a node, as the history keeps it: what timelines are made of. */
import type { Text } from "./text.ts";

/** event: it happened at an instant. change: something is another one than before. */
export type NoteKind = "event" | "change";

export interface Note {
  /** The same when the same frame is looked at again. */
  readonly id: string;
  readonly kind: NoteKind;
  /** Stable name: "process_exited", "leader_changed", "flags_changed", … */
  readonly code: string;
  readonly node: string;
  readonly subject: string;
  /** The collector's clock: the node's own, corrected by its offset. */
  readonly atMs: number;
  readonly isClockMeasured: boolean;
  readonly text: Text;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Takes notes of every frame without letting a broken or noisy agent do harm: guarded, and bounded a minute and cluster. */
import type { Clock } from "../shared/clock.ts";
import type { Frame } from "../shared/frame.ts";
import type { Logger } from "../shared/log-line.ts";
import type { Note } from "../shared/note.ts";
import { noteFrame } from "./incident/note-frame.ts";
import { createLiveRecorder } from "./live-recorder.ts";
import type { NodeState } from "./view/node-state.ts";

export interface NoteTakerOptions {
  readonly save: (cluster: string, notes: readonly Note[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface NoteTaker {
  take(before: NodeState | undefined, after: NodeState, frame: Frame): void;
  /** Tries again what could not be written. */
  flush(): void;
}

/** Notes of a cluster that wait while the history cannot be written. */
const MAX_WAITING = 2000;
/** A bad night of seven members is some tens; a link that flaps each second stays below, too. */
const MAX_A_MINUTE = 600;
const MINUTE_MS = 60_000;

export function createNoteTaker(options: NoteTakerOptions): NoteTaker {
  const { clock, log } = options;
  const budgets = new Map<string, { minute: number; used: number }>();
  const recorder = createLiveRecorder<Note>({
    idOf: ({ id }) => id,
    save: options.save,
    what: "Notes",
    maxWaiting: MAX_WAITING,
    log,
  });

  function admit(cluster: string, notes: readonly Note[]): readonly Note[] {
    const minute = Math.floor(clock.nowMs() / MINUTE_MS);
    const budget = budgets.get(cluster) ?? { minute, used: 0 };
    budgets.set(cluster, budget);
    if (budget.minute !== minute) {
      budget.minute = minute;
      budget.used = 0;
    }
    const admitted = notes.slice(0, Math.max(0, MAX_A_MINUTE - budget.used));
    if (admitted.length < notes.length && budget.used <= MAX_A_MINUTE) {
      log.warn({ cluster, atMost: MAX_A_MINUTE }, "Too many events in a minute: the rest are not kept.");
    }
    budget.used += notes.length;
    return admitted;
  }

  return {
    take(before, after, frame) {
      try {
        const notes = noteFrame(before, after, frame);
        if (notes.length > 0) {
          recorder.record(after.cluster, admit(after.cluster, notes));
        }
      } catch (error) {
        log.warn(
          { error, cluster: after.cluster, node: after.node },
          "A frame could not be noted; it is kept.",
        );
      }
    },
    flush: () => recorder.flush(),
  };
}

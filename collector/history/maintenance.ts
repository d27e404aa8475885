/**
 * Keeps the history small in the background: compacts what landed, thins what is old, removes what is older still. One
 * small step at a time, with a pause after each, so that commits have their turn.
 */
import type { Clock, Timer } from "../../shared/clock.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { PlanRequest, RetentionAnswer, RetentionRequest, Work } from "./worker-protocol.ts";

const INTERVAL_MS = 10_000;
/** Between two steps while there is more to do. */
const STEP_PAUSE_MS = 100;

export interface MaintenanceOptions {
  /** Age beyond which full resolution becomes roll-ups. */
  readonly rawMs: number;
  /** Age beyond which roll-ups, findings, facts and events go. */
  readonly rollupsMs: number;
  readonly aroundIncidentsMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retain: (request: RetentionRequest) => Promise<RetentionAnswer>;
  readonly plan: (request: PlanRequest) => Promise<Work | undefined>;
  /** Is not called with work that was planned on another file. */
  readonly store: (work: Work) => Promise<void>;
  /** Counts the files that were begun: work does not outlive its file. */
  readonly fileNumber: () => number;
}

export interface Maintenance {
  start(): void;
  stop(): void;
  fileBytes(): number;
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { clock, log } = options;
  let timer: Timer | undefined;
  let isStopped = false;
  let fileBytes = 0;
  /** The compactor had nothing left when the file was last too large. */
  let mayLose = false;

  function schedule(delayMs: number): void {
    if (!isStopped) {
      timer = clock.after(delayMs, () => {
        runStep().catch((error: unknown) => {
          log.warn({ error }, "History could not be compacted or cleaned up; trying again.");
          schedule(INTERVAL_MS);
        });
      });
    }
  }

  async function runStep(): Promise<void> {
    const nowMs = clock.nowMs();
    const { rawMs, rollupsMs, aroundIncidentsMs, maxBytes } = options;
    const kept = await options.retain({ beforeMs: nowMs - rollupsMs, maxBytes, mayLose });
    fileBytes = kept.fileBytes;
    const fileNumber = options.fileNumber();
    const work = await options.plan({
      nowMs,
      framesBeforeMs: nowMs - rawMs,
      aroundMs: aroundIncidentsMs,
      isShort: kept.isShort,
    });
    if (work !== undefined && fileNumber === options.fileNumber()) {
      if (work.kind !== "merge" && work.unreadable !== undefined) {
        log.warn({ error: work.unreadable }, "Part of the history cannot be read and is left out.");
      }
      await options.store(work);
    }
    const wasLosing = mayLose;
    mayLose = kept.isShort && work === undefined;
    schedule(kept.hasMore || work !== undefined || mayLose !== wasLosing ? STEP_PAUSE_MS : INTERVAL_MS);
  }

  return {
    start: () => schedule(INTERVAL_MS),
    stop: () => {
      isStopped = true;
      timer?.cancel();
    },
    fileBytes: () => fileBytes,
  };
}

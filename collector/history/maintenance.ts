/**
 * Keeps the history small in the background: compacts what landed, thins what is old, removes what is older still. One
 * small step at a time, with a pause after each, so that commits have their turn. What fails does not keep the rest from being done.
 */
import type { Clock, Timer } from "../../shared/clock.ts";
import { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type {
  Plan,
  PlanRequest,
  PlanTrouble,
  RetentionAnswer,
  RetentionRequest,
  Work,
} from "./worker-protocol.ts";

const INTERVAL_MS = 10_000;
/** Between two steps while there is more to do. */
const STEP_PAUSE_MS = 100;
/** Packing saves room for an hour only: it rests for so many times as long as it took, and takes 3 % of a core at most. */
const PACK_REST = 32;
/** Steps that fail in a row until it is told; a thread that is started again takes less. */
const FAILED_STEPS = 3;

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
  readonly plan: (request: PlanRequest) => Promise<Plan>;
  /** Is not called with work that was planned on another file. */
  readonly store: (work: Work) => Promise<void>;
  /** What the plan could not read, of the file that is still in use. */
  readonly onTrouble: (trouble: PlanTrouble) => void;
  /** Nobody is reading what landed by its rows' numbers. */
  readonly mayPack: () => boolean;
  /** Counts the files that were begun: work does not outlive its file. */
  readonly fileNumber: () => number;
}

/** What keeps the history from being kept small. */
export interface MaintenanceFailure {
  readonly message: string;
  /** Of the first step that failed. */
  readonly sinceMs: number;
}

export interface Maintenance {
  start(): void;
  stop(): void;
  fileBytes(): number;
  /** undefined: all is done, or the last steps have failed only. */
  failure(): MaintenanceFailure | undefined;
}

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { clock, log } = options;
  let timer: Timer | undefined;
  let isStopped = false;
  let fileBytes = 0;
  let isShort = false;
  /** The compactor had nothing left, or has failed for long, when the file was last too large. */
  let mayLose = false;
  let failedPlans = 0;
  let failedSteps = 0;
  let failure: MaintenanceFailure | undefined;

  function schedule(delayMs: number): void {
    if (!isStopped) {
      timer = clock.after(delayMs, () => {
        void runStep().then(schedule);
      });
    }
  }

  /** Milliseconds until the next step. */
  async function runStep(): Promise<number> {
    const nowMs = clock.nowMs();
    const { rawMs, rollupsMs, aroundIncidentsMs, maxBytes } = options;
    const fileNumber = options.fileNumber();
    const errors: unknown[] = [];
    const note = (error: unknown): undefined => {
      errors.push(error);
      return undefined;
    };
    const kept = await options.retain({ beforeMs: nowMs - rollupsMs, maxBytes, mayLose }).catch(note);
    isShort = kept?.isShort ?? isShort;
    fileBytes = kept?.fileBytes ?? fileBytes;
    const planUs = clock.monotonicUs();
    const plan = await options
      .plan({
        nowMs,
        framesBeforeMs: nowMs - rawMs,
        aroundMs: aroundIncidentsMs,
        isShort,
        mayPack: options.mayPack(),
      })
      .catch(note);
    if (plan !== undefined && fileNumber === options.fileNumber()) {
      plan.troubles.forEach(options.onTrouble);
      await storeWork(plan.work).catch(note);
    }
    failedPlans = plan === undefined ? failedPlans + 1 : 0;
    const wasLosing = mayLose;
    const isPacking = plan?.work?.kind === "pack";
    // what is packed may be too much all the same
    mayLose =
      isShort &&
      (plan?.work === undefined || isPacking) &&
      (plan !== undefined || failedPlans >= FAILED_STEPS);
    noteStep(errors[0], nowMs);
    const hasMore = kept?.hasMore === true || plan?.work !== undefined || mayLose !== wasLosing;
    const restMs = isPacking ? Math.round(((clock.monotonicUs() - planUs) / 1000) * PACK_REST) : 0;
    return errors.length === 0 && hasMore
      ? Math.min(INTERVAL_MS, Math.max(STEP_PAUSE_MS, restMs))
      : INTERVAL_MS;
  }

  async function storeWork(work: Work | undefined): Promise<void> {
    if (work === undefined || (work.kind === "pack" && !options.mayPack())) {
      return;
    }
    if ((work.kind === "compact" || work.kind === "thin") && work.unreadable !== undefined) {
      log.warn({ error: work.unreadable }, "Part of the history cannot be read and is left out.");
    }
    await options.store(work);
  }

  function noteStep(error: unknown, nowMs: number): void {
    if (error === undefined) {
      failedSteps = 0;
      failure = undefined;
      return;
    }
    log.warn({ error }, "History could not be compacted or cleaned up; trying again.");
    failedSteps += 1;
    failure = {
      message: EtcdscopeError.from(error, "STORAGE_FAILED").message,
      sinceMs: failure?.sinceMs ?? nowMs,
    };
  }

  return {
    start: () => schedule(INTERVAL_MS),
    stop: () => {
      isStopped = true;
      timer?.cancel();
    },
    fileBytes: () => fileBytes,
    failure: () => (failedSteps >= FAILED_STEPS ? failure : undefined),
  };
}

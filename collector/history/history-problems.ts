/** What is wrong with the history, from what its threads met: told while it lasts, logged once. */
import type { Clock } from "../../shared/clock.ts";
import type { EtcdscopeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/log-line.ts";
import type { MaintenanceFailure } from "./maintenance.ts";
import type { NameDictionary } from "./name-dictionary.ts";

/** An agent that has stopped to send ever new series is forgiven after this. */
const OVERDRAWN_MS = 3_600_000;
/** What could not be read is told for this long after it was last met. */
const UNREADABLE_MS = 24 * 3_600_000;

export interface HistoryProblem {
  readonly code:
    | "DAMAGED_FILE_SET_ASIDE"
    | "NOT_WRITABLE"
    | "NAMES_FULL"
    | "NAMES_OF_AGENT"
    | "PART_UNREADABLE"
    | "NOT_KEPT_SMALL";
  readonly message: string;
  readonly sinceMs: number;
  /** The disk has no room, or the file no more numbers. */
  readonly isFull: boolean;
}

/** What is known elsewhere, as it is now. */
export interface ProblemSources {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly dictionary: () => NameDictionary | undefined;
  readonly maintenance: () => MaintenanceFailure | undefined;
}

export interface HistoryProblems {
  /** The file was put aside under that name and a new one begun. */
  setAside(damagedFile: string): void;
  /** Something could not be written. */
  failed(error: EtcdscopeError): void;
  /** Something was. */
  written(): void;
  /** Something that was recorded cannot be read. */
  unreadable(what: string): void;
  list(): readonly HistoryProblem[];
}

export function createHistoryProblems(sources: ProblemSources): HistoryProblems {
  const { path, clock, log } = sources;
  let damaged: HistoryProblem | undefined;
  let notWritable: HistoryProblem | undefined;
  let namesFull: HistoryProblem | undefined;
  let unreadable: (HistoryProblem & { readonly lastMs: number }) | undefined;
  /** As many as the dictionary names. */
  const toldOverdrawn = new Set<string>();

  function setAside(damagedFile: string): void {
    const message = `The history could not be read; it was put aside as ${damagedFile} and a new one begun`;
    damaged = { code: "DAMAGED_FILE_SET_ASIDE", message, sinceMs: clock.nowMs(), isFull: false };
    unreadable = undefined;
    log.error({ path, damagedFile }, "History was damaged: it was put aside and a new one begun.");
  }

  function failed(error: EtcdscopeError): void {
    if (notWritable === undefined) {
      log.error({ error }, "History cannot be written: frames are not acknowledged until it can.");
    }
    // That it is not open says less than what keeps it from being opened.
    const known = error.reason === "not_open" ? notWritable?.message : undefined;
    notWritable = {
      code: "NOT_WRITABLE",
      message: known ?? error.message,
      isFull: known === undefined ? error.code === "STORAGE_FULL" : notWritable?.isFull === true,
      sinceMs: notWritable?.sinceMs ?? clock.nowMs(),
    };
  }

  function written(): void {
    if (notWritable !== undefined) {
      notWritable = undefined;
      log.info({ path }, "History can be written again.");
    }
    const names = sources.dictionary();
    if (names !== undefined && names.leftOutTotal() > 0 && namesFull === undefined) {
      const message = "The history holds as many different series as it can: new ones are not recorded";
      namesFull = { code: "NAMES_FULL", message, sinceMs: clock.nowMs(), isFull: true };
      log.error({ path }, "History holds as many different series as it can: new ones are not recorded.");
    }
    for (const agent of names?.overdrawn().keys() ?? []) {
      if (!toldOverdrawn.has(agent)) {
        toldOverdrawn.add(agent);
        log.error({ agent }, "Agent has sent more different series than one may: new ones are not recorded.");
      }
    }
  }

  function noteUnreadable(what: string): void {
    const nowMs = clock.nowMs();
    if (unreadable === undefined) {
      log.error({ error: what }, "Part of the history cannot be read.");
    }
    const message = `Part of the history cannot be read: ${what}`;
    const sinceMs = unreadable?.sinceMs ?? nowMs;
    unreadable = { code: "PART_UNREADABLE", message, isFull: false, sinceMs, lastMs: nowMs };
  }

  function findUnreadable(): HistoryProblem | undefined {
    if (unreadable !== undefined && Math.abs(clock.nowMs() - unreadable.lastMs) > UNREADABLE_MS) {
      unreadable = undefined;
    }
    return unreadable;
  }

  /** Agents whose share of the names was used up within the last hour. */
  function findOverdrawn(): HistoryProblem | undefined {
    const nowMs = clock.nowMs();
    const recent = [...(sources.dictionary()?.overdrawn() ?? [])].filter(
      ([, atMs]) => nowMs - atMs < OVERDRAWN_MS,
    );
    const [first] = recent;
    if (first === undefined) {
      return undefined;
    }
    const agents = recent.slice(0, 5).map(([agent]) => agent);
    const message = `Too many different series of ${agents.join(", ")}: new ones are not recorded`;
    return { code: "NAMES_OF_AGENT", message, sinceMs: first[1], isFull: false };
  }

  /** Where nothing can be written that is said alone. */
  function findNotKeptSmall(): HistoryProblem | undefined {
    const failure = sources.maintenance();
    if (failure === undefined || notWritable !== undefined) {
      return undefined;
    }
    const message = `The history cannot be compacted or cleaned up: ${failure.message}`;
    return { code: "NOT_KEPT_SMALL", message, sinceMs: failure.sinceMs, isFull: false };
  }

  return {
    setAside,
    failed,
    written,
    unreadable: noteUnreadable,
    list: () =>
      [damaged, notWritable, namesFull, findOverdrawn(), findUnreadable(), findNotKeptSmall()].filter(
        (one) => one !== undefined,
      ),
  };
}

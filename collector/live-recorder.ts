/**
 * Writes what moves on in batches, a cluster at a time, and keeps what could not be written; bounded. For findings, incidents
 * and notes.
 */
import type { Logger } from "../shared/log-line.ts";

export interface LiveRecorderOptions<T> {
  readonly idOf: (entry: T) => string;
  readonly save: (cluster: string, entries: readonly T[]) => Promise<void>;
  /** "Incidents", for the log. */
  readonly what: string;
  /** Entries of a cluster that wait; the newest are kept. */
  readonly maxWaiting: number;
  readonly log: Logger;
}

export interface LiveRecorder<T> {
  /** The last of one id is kept. */
  record(cluster: string, entries: readonly T[]): void;
  /** Tries again what could not be written. */
  flush(): void;
}

interface Waiting<T> {
  entries: Map<string, T>;
  isSaving: boolean;
}

export function createLiveRecorder<T>(options: LiveRecorderOptions<T>): LiveRecorder<T> {
  const clusters = new Map<string, Waiting<T>>();
  /** Those of which something waits: few, where there may be thousands. */
  const due = new Set<string>();
  let lost = 0;

  function flushOne(cluster: string, waiting: Waiting<T>): void {
    if (waiting.isSaving || waiting.entries.size === 0) {
      return;
    }
    const batch = waiting.entries;
    waiting.entries = new Map();
    due.delete(cluster);
    waiting.isSaving = true;
    // Both ways out are handled, so the chain cannot reject.
    void options.save(cluster, [...batch.values()]).then(
      () => {
        waiting.isSaving = false;
      },
      (error: unknown) => {
        waiting.isSaving = false;
        options.log.warn({ error, cluster, what: options.what }, "Could not be written; trying again.");
        waiting.entries = bound(new Map([...batch, ...waiting.entries]));
        due.add(cluster);
      },
    );
  }

  function bound(entries: Map<string, T>): Map<string, T> {
    const over = entries.size - options.maxWaiting;
    if (over <= 0) {
      return entries;
    }
    if (lost === 0) {
      options.log.error(
        { what: options.what },
        "More waits to be written than can be kept: the oldest goes.",
      );
    }
    lost += over;
    return new Map([...entries].slice(over));
  }

  return {
    record(cluster, entries) {
      if (entries.length === 0) {
        return;
      }
      const waiting = clusters.get(cluster) ?? { entries: new Map<string, T>(), isSaving: false };
      clusters.set(cluster, waiting);
      for (const entry of entries) {
        waiting.entries.set(options.idOf(entry), entry);
      }
      waiting.entries = bound(waiting.entries);
      due.add(cluster);
      flushOne(cluster, waiting);
    },
    flush() {
      for (const cluster of due) {
        const waiting = clusters.get(cluster);
        if (waiting !== undefined) {
          flushOne(cluster, waiting);
        }
      }
    },
  };
}

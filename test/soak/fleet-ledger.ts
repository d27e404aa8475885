/** What the agents of a soak were told, and what they complained of. */
import type { Logger } from "../../shared/log-line.ts";
import { createSequenceSet, type SequenceSet } from "../../shared/sequence-set.ts";
import type { DeliveryWatch } from "../lab/watched-reader.ts";
import { createTimeHistogram, type TimeHistogram } from "./time-histogram.ts";

/** Different sentences that are counted. */
const MAX_KINDS = 100;

export interface FleetLedger {
  /** By run of an agent. */
  readonly acknowledged: ReadonlyMap<string, SequenceSet>;
  readonly ackTimes: TimeHistogram;
  readonly failures: ReadonlyMap<string, number>;
  readonly log: Logger;
  /** One for each agent. */
  createWatch(): DeliveryWatch;
}

export function createFleetLedger(): FleetLedger {
  const acknowledged = new Map<string, SequenceSet>();
  const ackTimes = createTimeHistogram();
  const failures = new Map<string, number>();

  function ofRun(instanceId: string): SequenceSet {
    const set = acknowledged.get(instanceId) ?? createSequenceSet();
    acknowledged.set(instanceId, set);
    return set;
  }

  function createWatch(): DeliveryWatch {
    /** By run: a stream may bring what an earlier one kept. */
    const sentMs = new Map<string, Map<bigint, number>>();
    return {
      onSent: (instanceId, sequence) => {
        const ofInstance = sentMs.get(instanceId) ?? new Map<bigint, number>();
        sentMs.set(instanceId, ofInstance);
        ofInstance.set(sequence, performance.now());
      },
      onAcknowledged: (instanceId, { first, last }) => {
        ofRun(instanceId).add(first, last);
        const ofInstance = sentMs.get(instanceId);
        for (let sequence = first; sequence <= last; sequence += 1n) {
          const atMs = ofInstance?.get(sequence);
          if (atMs !== undefined) {
            ackTimes.add(performance.now() - atMs);
            ofInstance?.delete(sequence);
          }
        }
      },
      onHeld: (instanceId, { first, last }) => {
        ofRun(instanceId).add(first, last);
        const ofInstance = sentMs.get(instanceId) ?? new Map<bigint, number>();
        for (const sequence of ofInstance.keys()) {
          if (sequence >= first && sequence <= last) {
            ofInstance.delete(sequence);
          }
        }
      },
    };
  }

  function count(fields: object, sentence: string): void {
    const { error, text } = fields as { readonly error?: Error | string; readonly text?: string };
    const why = error instanceof Error ? error.message : (error ?? text ?? "");
    const kind = `${sentence} ${why}`.replaceAll(/\d+/g, "N").trim();
    const key = failures.has(kind) || failures.size < MAX_KINDS ? kind : "others";
    failures.set(key, (failures.get(key) ?? 0) + 1);
  }

  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: count,
    error: count,
    child: () => log,
  };
  return { acknowledged, ackTimes, failures, log, createWatch };
}

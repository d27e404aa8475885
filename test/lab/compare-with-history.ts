/** Holds what agents were told to be durable against what a collector's history gives back, once the collector has ended. */
import { createSequenceSet, type SequenceSet } from "../../shared/sequence-set.ts";
import { openHistory } from "./open-history.ts";

export interface HistoryComparison {
  readonly frames: number;
  readonly acknowledged: number;
  /** Acknowledged frames that the history does not have. */
  readonly missing: number;
  /** Frames that the history shows more than once. */
  readonly duplicates: number;
}

/** `acknowledged` is by run of an agent, whose names are unique. One cluster is read at a time: a long run does not fit into memory. */
export async function compareWithHistory(
  path: string,
  acknowledged: ReadonlyMap<string, SequenceSet>,
): Promise<HistoryComparison> {
  const history = await openHistory(path);
  const seen = new Map<string, SequenceSet>();
  let frames = 0;
  let duplicates = 0;
  try {
    for (const cluster of await history.clusters()) {
      for (const received of await history.frames(cluster, 0, Number.MAX_SAFE_INTEGER)) {
        const set = seen.get(received.instanceId) ?? createSequenceSet();
        seen.set(received.instanceId, set);
        frames += 1;
        duplicates += set.has(received.frame.sequence) ? 1 : 0;
        set.add(received.frame.sequence);
      }
    }
  } finally {
    await history.close();
  }
  let count = 0;
  let missing = 0;
  for (const [instanceId, set] of acknowledged) {
    for (const { first, last } of set.ranges()) {
      count += Number(last - first) + 1;
      missing += Number(last - first + 1n - (seen.get(instanceId)?.countWithin(first, last) ?? 0n));
    }
  }
  return { frames, acknowledged: count, missing, duplicates };
}

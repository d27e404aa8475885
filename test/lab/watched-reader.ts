/** A reader of an agent's queue that tells what its streams sent, and what they were told to be durable, before the queue hears of it. */
import type { FrameReader, FrameSource } from "../../agent/spool/frame-queue.ts";
import { createSequenceSet, type SequenceRange } from "../../shared/sequence-set.ts";

/** `instanceId` is the run of the agent that the frames are from. */
export interface DeliveryWatch {
  readonly onSent?: (instanceId: string, sequence: bigint) => void;
  /** Of what this stream sent. */
  readonly onAcknowledged: (instanceId: string, range: SequenceRange) => void;
  /** A welcome said that these are there: the agent does not send them again. */
  readonly onHeld: (instanceId: string, range: SequenceRange) => void;
}

export function watchReader(reader: FrameReader, instanceId: string, watch: DeliveryWatch): FrameReader {
  return {
    ...watchSource(reader, instanceId, watch),
    findKept: (onReady) => {
      const kept = reader.findKept(onReady);
      return kept && watchSource(kept, kept.hello.instanceId, watch);
    },
  };
}

function watchSource<Source extends FrameSource>(
  source: Source,
  instanceId: string,
  watch: DeliveryWatch,
): Source {
  const sent = createSequenceSet();
  return {
    ...source,
    welcome: (held: readonly SequenceRange[]) => {
      held.forEach((range) => watch.onHeld(instanceId, range));
      source.welcome(held);
    },
    next: (after: bigint) => {
      const outgoing = source.next(after);
      if (outgoing !== undefined) {
        const sequence = outgoing.kind === "bytes" ? outgoing.sequence : outgoing.frame.sequence;
        sent.add(sequence);
        watch.onSent?.(instanceId, sequence);
      }
      return outgoing;
    },
    acknowledge: (sequence: bigint) => {
      for (const { first, last } of sent.ranges()) {
        if (first <= sequence) {
          watch.onAcknowledged(instanceId, { first, last: last < sequence ? last : sequence });
        }
      }
      sent.removeUpTo(sequence);
      source.acknowledge(sequence);
    },
    release: () => {
      sent.removeUpTo(sent.ranges().at(-1)?.last ?? 0n);
      source.release();
    },
  };
}
